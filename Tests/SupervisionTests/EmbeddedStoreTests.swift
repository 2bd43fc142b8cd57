import Glibc
import Supervision
import Testing

/// Real servers, where they are installed.
@Suite(.enabled(if: FileSystem.exists("/usr/lib/postgresql") && FileSystem.exists("/usr/bin/redis-server")))
struct EmbeddedStoreTests {
    @Test("A private PostgreSQL and Redis come up, survive kill -9, and go down", .timeLimit(.minutes(2)))
    func stores() async throws {
        let scratch = try ScratchFolder()
        let folder = DataFolder(scratch.path + "/d")
        try folder.create()
        let postgres = try EmbeddedPostgres(folder: folder)
        #expect(!postgres.isInitialized)
        try await postgres.initialize()
        #expect(postgres.isInitialized)
        try await postgres.initialize()
        let redis = try EmbeddedRedis(folder: folder)
        let spawner = Spawner()
        let supervisor = Supervisor(spawner: spawner, policy: .init(initialDelay: .milliseconds(10)), logger: quietLogger)
        try await supervisor.start(postgres.service)
        try await supervisor.start(redis.service)
        #expect(await supervisor.status.map(\.isWhole) == [true, true])

        let pid = try #require(await supervisor.status[0].processes[0].pid)
        kill(pid, SIGKILL)
        let isBack = await eventually {
            let process = await supervisor.status[0].processes[0]
            return process.phase == .ready && process.pid != pid
        }
        #expect(isBack)
        await supervisor.stopAll()
        #expect(ProcessIdentity(pid: pid) == nil)
        spawner.close()
    }

    @Test(
        "Data that PostgreSQL's user could not reach moves out of a closed folder",
        arguments: [(true, true), (true, false), (false, true)])
    func placement(isRoot: Bool, canEnter: Bool) throws {
        let folder = DataFolder("/root/x/.duet", runtimeParent: "/run/duet")
        let placement = try PostgresPlacement(
            folder: folder, isRoot: isRoot,
            canEnter: { path in
                #expect(path == "/root/x")
                return canEnter
            })
        switch (isRoot, canEnter) {
        case (true, true):
            #expect(placement.data == "/root/x/.duet/postgres")
            #expect(placement.socketFolder == "/root/x/.duet/pg")
        case (true, false):
            #expect(placement.data.hasPrefix("/var/lib/duet/"))
            #expect(placement.data.hasSuffix("/postgres"))
            #expect(placement.socketFolder.hasPrefix("/run/duet/"))
        default:
            #expect(placement.data == "/root/x/.duet/postgres")
            #expect(placement.socketFolder == "/root/x/.duet/run/postgres")
        }
    }
}
