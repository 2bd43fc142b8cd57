import Foundation

/// `mesh-gen lower IN OUT`: the descriptor set that protoc-c compiles.
/// `mesh-gen swift IN FOLDER`: the Swift stubs.
@main
enum Main {
    static func main() {
        do {
            try self.run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("mesh-gen: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) throws {
        guard arguments.count == 3 else { throw GeneratorError("usage: mesh-gen lower IN OUT | mesh-gen swift IN FOLDER") }
        let input = [UInt8](try Data(contentsOf: URL(filePath: arguments[1])))
        switch arguments[0] {
        case "lower":
            try Data(try Lowering.lower(input)).write(to: URL(filePath: arguments[2]))
        case "swift":
            let schema = try DescriptorReader.read(input)
            let types = try TypeTable(schema)
            for file in schema.files {
                let stem = arguments[2] + "/" + Naming.fileStem(file.path)
                let messages = try MessageEmitter(types: types).file(file)
                try Data(messages.utf8).write(to: URL(filePath: stem + "Messages.swift"))
                if let services = try ServiceEmitter(types: types).file(file) {
                    try Data(services.utf8).write(to: URL(filePath: stem + "Service.swift"))
                }
            }
        default:
            throw GeneratorError("unknown command \(arguments[0])")
        }
    }
}
