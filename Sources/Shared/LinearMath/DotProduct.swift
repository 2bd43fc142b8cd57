internal import CKernels

/// Inner products over vectors of floats.
public enum DotProduct {
    /// Σ a[i]·b[i]. Vectors of different lengths are an error of ours.
    public static func compute(_ a: [Float], _ b: [Float]) -> Float {
        self.compute(a.span, b.span)
    }

    public static func compute(_ a: borrowing Span<Float>, _ b: borrowing Span<Float>) -> Float {
        precondition(a.count == b.count, "An inner product needs vectors of equal length.")
        guard a.count > 0 else { return 0 }
        return unsafe a.withUnsafeBufferPointer { left in
            unsafe b.withUnsafeBufferPointer { right in
                guard let x = left.baseAddress, let y = right.baseAddress else { return 0 }
                return unsafe duet_dot(x, y, left.count)
            }
        }
    }

    /// The inner product of the query with one row of a row-major matrix, whose width is the query's length.
    public static func compute(_ query: [Float], row: Int, of matrix: [Float]) -> Float {
        let width = query.count
        return self.compute(query.span, matrix.span.extracting(row * width..<(row + 1) * width))
    }

    /// The cosine of the angle between two vectors; 0 where one of them is zero.
    public static func cosine(_ a: [Float], _ b: [Float]) -> Float {
        let norms = (self.compute(a, a) * self.compute(b, b)).squareRoot()
        return norms > 0 ? self.compute(a, b) / norms : 0
    }

    /// Name of the instruction set that the kernels chose for this machine.
    public static var instructionSet: String { unsafe String(cString: duet_kernel_name()) }
}
