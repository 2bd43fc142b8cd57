public import LinearMath

/// Exact maximum-inner-product search over rows of floats, while rows are set and removed.
///
/// A scan over eight-bit codes, with one scale per vector, bounds every inner product from both sides; only the rows whose upper bound
/// reaches the k-th best lower bound are scored again in 32 bits. So the result is that of brute force, at a quarter of the memory
/// traffic. When few rows are allowed, those are gathered and scored in 32 bits at once.
public final class VectorIndex: Sendable {
    /// Length of the vectors.
    public let dimension: Int
    private let rows: ReadWriteLock<RowStorage>

    /// - Parameters:
    ///   - dimension: 1...256.
    ///   - capacity: Rows to make room for; the index grows by doubling beyond it.
    public init(dimension: Int, capacity: Int = 0) {
        precondition((1...RowStorage.maximumDimension).contains(dimension), "The dimension must lie in 1...256.")
        self.dimension = dimension
        self.rows = ReadWriteLock(RowStorage(dimension: dimension, capacity: capacity))
    }

    /// One more than the highest row ever set.
    public var count: Int { self.rows.withReadLock { $0.count } }

    /// The number of rows present.
    public var liveCount: Int { self.rows.withReadLock { $0.liveCount } }

    /// Adds or replaces a row.
    ///
    /// - Returns: False if a component is not finite; the row is absent then.
    @discardableResult
    public func set(row: Int, vector: [Float]) -> Bool {
        precondition(row >= 0 && row < Int(Int32.max), "A row number must fit 32 bits.")
        precondition(vector.count == self.dimension, "The vector's length must be the index's dimension.")
        guard vector.allSatisfy(\.isFinite) else {
            self.remove(row: row)
            return false
        }
        self.rows.withWriteLock { $0.set(row: row, vector: vector.span) }
        return true
    }

    /// Replaces rows 0..<n by those of a row-major matrix, under one lock. Rows with a component that is not finite become absent.
    public func setAll(_ matrix: [Float]) {
        precondition(matrix.count % self.dimension == 0, "The matrix must hold whole rows.")
        let width = self.dimension
        self.rows.withWriteLock { storage in
            for row in 0..<matrix.count / width {
                let range = row * width..<(row + 1) * width
                if matrix[range].allSatisfy(\.isFinite) {
                    storage.set(row: row, vector: matrix.span.extracting(range))
                } else {
                    storage.remove(row: row)
                }
            }
        }
    }

    /// Takes a row out; an absent one is left alone.
    public func remove(row: Int) {
        self.rows.withWriteLock { $0.remove(row: row) }
    }

    /// The vector of a row, `nil` if it is absent.
    public func vector(row: Int) -> [Float]? {
        self.rows.withReadLock { $0.vector(row: row) }
    }

    /// The k rows with the largest inner product, best first, of equal ones the lower row first.
    ///
    /// - Parameter allowed: The rows to look at; those beyond its end are not. `nil` allows all.
    /// - Returns: At most k hits; fewer when fewer rows are present and allowed. None if the query is not finite.
    public func search(_ query: [Float], count k: Int, allowed: Bitmap? = nil) -> [Hit] {
        precondition(query.count == self.dimension, "The query's length must be the index's dimension.")
        guard k > 0, query.allSatisfy(\.isFinite) else { return [] }
        return self.rows.withReadLock { storage in
            var mask = storage.live
            if let allowed { mask.formIntersection(allowed) }
            return storage.search(query, count: k, mask: mask)
        }
    }

    /// The inner products of the query with given rows; absent rows score -infinity.
    public func scores(_ query: [Float], rows: [Int32]) -> [Float] {
        precondition(query.count == self.dimension, "The query's length must be the index's dimension.")
        return self.rows.withReadLock { $0.scores(query, rows: rows) }
    }
}
