/// A failure that is one sentence for the person at the terminal.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ sentence: String) { self.description = sentence }
}
