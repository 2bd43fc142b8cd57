extension OutputSpan where Element: BitwiseCopyable {
    /// Appends a copy of what a span holds. There must be room for it.
    @inlinable public mutating func append(copying elements: Span<Element>) {
        precondition(elements.count <= self.freeCapacity, "The span has no room for so many elements.")
        guard !elements.isEmpty else { return }
        unsafe elements.withUnsafeBufferPointer { source in
            unsafe self.withUnsafeMutableBufferPointer { buffer, count in
                guard let from = source.baseAddress, let start = buffer.baseAddress else { return }
                unsafe (start + count).initialize(from: from, count: source.count)
                count += source.count
            }
        }
    }
}
