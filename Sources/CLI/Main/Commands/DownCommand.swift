import ArgumentParser
import Supervision

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drain and stop what runs in the folder, the databases last.",
        discussion: "Succeeds also when nothing runs. Data stay where they are.")

    @OptionGroup var folder: FolderOptions

    func run() async throws {
        let folder = self.folder.folder
        guard FolderLock.isHeld(folder.lock) else {
            let names = await Leftovers.stop(StateFile.read(folder.state)?.processes ?? [])
            Console.standardOutput.line(
                names.isEmpty ? "Nothing runs in \(folder.root)." : "Stopped what a killed duet had left: \(names.joined(separator: ", "))."
            )
            return
        }
        _ = try await ControlClient.send(ControlRequest(.down), to: folder.control)
        // The answer comes when all is stopped; the lock goes with the process a moment later.
        for _ in 0..<500 where FolderLock.isHeld(folder.lock) { try await Task.sleep(for: .milliseconds(10)) }
        Console.standardOutput.line("Stopped.")
    }
}
