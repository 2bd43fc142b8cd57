/// Why the stubs can't be generated: one sentence for the person who wrote the `.proto`.
struct GeneratorError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
