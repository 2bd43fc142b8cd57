import Glibc
import Supervision
import Testing

@Suite struct DataFolderTests {
    @Test("A relative path is made absolute and plain")
    func paths() {
        let folder = DataFolder("x/../.duet/.", currentDirectory: "/home/a", runtimeParent: "/run/duet")
        #expect(folder.root == "/home/a/.duet")
        #expect(folder.runtime == "/home/a/.duet/run")
        #expect(folder.control == "/home/a/.duet/run/control.sock")
        #expect(folder.jwtKey == "/home/a/.duet/keys/jwt-hs256.key")
        #expect(folder.log("ranking-1") == "/home/a/.duet/logs/ranking-1.log")
    }

    @Test("Sockets of a folder with a long path move, always to the same place, and fit a socket's address")
    func longPaths() {
        let long = "/" + String(repeating: "long-folder-name/", count: 12)
        let folder = DataFolder(long, currentDirectory: "/", runtimeParent: "/run/duet")
        #expect(folder.runtime.hasPrefix("/run/duet/"))
        #expect(folder.runtime == DataFolder(long, currentDirectory: "/elsewhere", runtimeParent: "/run/duet").runtime)
        #expect(folder.runtime != DataFolder(long + "2", currentDirectory: "/", runtimeParent: "/run/duet").runtime)
        #expect(folder.mesh.utf8.count + 48 <= SocketAddress.maximumPathBytes)
        #expect(folder.healthSocket("candidate-64").utf8.count <= SocketAddress.maximumPathBytes)
    }

    @Test("The lock keeps a second owner out until the first is gone")
    func lock() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/lock"
        #expect(!FolderLock.isHeld(path))
        do {
            let lock = try FolderLock(path)
            #expect(FolderLock.isHeld(path))
            let error = #expect(throws: SupervisionError.self) { _ = try FolderLock(path) }
            #expect(error?.code == .alreadyRunning)
            #expect(error?.message.contains("process \(getpid())") == true)
            _ = consume lock
        }
        #expect(!FolderLock.isHeld(path))
        _ = try FolderLock(path)
    }

    @Test("A long log is moved aside and cut, a short one is left")
    func logs() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/x.log"
        try FileSystem.replace(path, with: "one\ntwo\n\n")
        #expect(!LogFile.rotate(path, maximumBytes: 100))
        #expect(LogFile.lastLine(path) == "two")
        #expect(LogFile.rotate(path, maximumBytes: 4))
        #expect(FileSystem.text(path) == "")
        #expect(FileSystem.text(path + ".1") == "one\ntwo\n\n")
        #expect(LogFile.lastLine(path) == nil)
    }
}
