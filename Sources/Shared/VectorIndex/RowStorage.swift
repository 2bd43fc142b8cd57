internal import CKernels
internal import LinearMath

/// The vectors of an index: eight-bit codes in blocks, what bounds their error, and the floats for the second scoring.
struct RowStorage: ~Copyable, Sendable {
    static let maximumDimension = Int(DUET_MAXIMUM_DIMENSION)
    static let blockSize = Int(DUET_BLOCK)

    /// Length of the vectors.
    let dimension: Int
    /// Length in memory: the next multiple of 8, filled with zeros.
    let width: Int
    private(set) var count = 0
    /// The rows that are present. Its length is the capacity; as the rows beyond `count` are absent, no padding is ever found.
    private(set) var live: Bitmap
    private(set) var liveCount = 0
    private var codes: AlignedBuffer<Int8>
    private var scales: AlignedBuffer<Float>
    private var residuals: AlignedBuffer<Float>
    private var norms: AlignedBuffer<Float>
    private var floats: AlignedBuffer<Float>

    init(dimension: Int, capacity: Int) {
        let rows = Self.roundedCapacity(capacity)
        self.dimension = dimension
        self.width = (dimension + 7) / 8 * 8
        self.live = Bitmap(count: rows)
        self.codes = AlignedBuffer(count: rows * self.width)
        self.scales = AlignedBuffer(count: rows)
        self.residuals = AlignedBuffer(count: rows)
        self.norms = AlignedBuffer(count: rows)
        self.floats = AlignedBuffer(count: rows * self.width)
    }

    mutating func set(row: Int, vector: borrowing Span<Float>) {
        if row >= self.live.count { self.grow(toHold: row + 1) }
        let place = unsafe self.floats.mutablePointer + row * self.width
        for index in 0..<self.dimension { unsafe place[index] = vector[index] }
        unsafe duet_quantize_row(
            place, self.width, row, self.codes.mutablePointer, self.scales.mutablePointer, self.residuals.mutablePointer,
            self.norms.mutablePointer)
        if !self.live[row] { self.liveCount += 1 }
        self.live[row] = true
        self.count = max(self.count, row + 1)
    }

    mutating func remove(row: Int) {
        guard self.contains(row) else { return }
        self.live[row] = false
        self.liveCount -= 1
    }

    borrowing func contains(_ row: Int) -> Bool {
        row >= 0 && row < self.live.count && self.live[row]
    }

    borrowing func vector(row: Int) -> [Float]? {
        guard self.contains(row) else { return nil }
        return unsafe Array(UnsafeBufferPointer(start: self.floats.pointer + row * self.width, count: self.dimension))
    }

    borrowing func scores(_ query: [Float], rows: [Int32]) -> [Float] {
        let present = rows.filter { self.contains(Int($0)) }
        let scores = self.gather(self.padded(query), rows: present)
        guard present.count < rows.count else { return scores }
        var next = 0
        return rows.map { row in
            guard self.contains(Int(row)) else { return -.infinity }
            next += 1
            return scores[next - 1]
        }
    }

    /// Exact inner products with rows that are present.
    borrowing func gather(_ paddedQuery: [Float], rows: [Int32]) -> [Float] {
        unsafe [Float](unsafeUninitializedCapacity: rows.count) { scores, initialized in
            guard !rows.isEmpty, let out = scores.baseAddress else { return }
            unsafe duet_gather_dot(self.floats.pointer, self.width, rows, rows.count, paddedQuery, out)
            initialized = rows.count
        }
    }

    borrowing func padded(_ query: [Float]) -> [Float] {
        query + [Float](repeating: 0, count: self.width - self.dimension)
    }

    /// Lends the codes to a scan.
    borrowing func withQuantizedRows<Result>(_ body: (duet_quantized_rows) -> Result) -> Result {
        unsafe body(
            duet_quantized_rows(
                codes: self.codes.pointer, scales: self.scales.pointer, residuals: self.residuals.pointer, norms: self.norms.pointer,
                dimension: self.width))
    }

    private mutating func grow(toHold rows: Int) {
        let capacity = Self.roundedCapacity(max(rows, 2 * self.live.count))
        self.live = Bitmap(count: capacity, words: self.live.words)
        self.codes.grow(to: capacity * self.width)
        self.scales.grow(to: capacity)
        self.residuals.grow(to: capacity)
        self.norms.grow(to: capacity)
        self.floats.grow(to: capacity * self.width)
    }

    /// Whole words of the bitmap, and therefore whole blocks.
    private static func roundedCapacity(_ rows: Int) -> Int { (max(rows, 64) + 63) / 64 * 64 }
}
