import ArgumentParser
import Supervision

/// Which installation a command works on.
struct FolderOptions: ParsableArguments {
    @Option(name: .customLong("dir"), help: ArgumentHelp("The installation's data folder.", valueName: "folder"))
    var path = ".duet"

    var folder: DataFolder { DataFolder(self.path) }
}

/// For scripts.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON object and nothing else.")
    var json = false
}
