import Redis
import Testing

@Suite("Where Redis is")
struct RedisConfigurationTests {
    @Test("URLs are read")
    func urls() throws {
        let tcp = try RedisConfiguration(url: "redis://me:p%40ss@cache:7000/3")
        #expect(tcp.address == .tcp(host: "cache", port: 7000))
        #expect(tcp.user == "me")
        #expect(tcp.password == "p@ss")
        #expect(tcp.database == 3)
        #expect(try RedisConfiguration(url: "redis://:secret@[::1]").address == .tcp(host: "::1", port: 6379))
        #expect(try RedisConfiguration(url: "redis://localhost/").database == 0)
        let unix = try RedisConfiguration(url: "unix:///run/redis.sock?db=2")
        #expect(unix.address == .unix(path: "/run/redis.sock"))
        #expect(unix.database == 2)
    }

    @Test(
        "What can't work is refused, without quoting a password",
        arguments: [
            "", "http://x", "redis://", "redis://h:0", "redis://h:70000", "redis://h/x", "redis://h/-1", "unix://relative",
            "unix:///s?database=1", "unix:///s?db=-1", "redis://hunter2@h", "redis://:%zz@h",
            "unix:///" + String(repeating: "a", count: 108),
        ])
    func refused(url: String) throws {
        do {
            _ = try RedisConfiguration(url: url)
            Issue.record("accepted")
        } catch {
            #expect(error.code == .invalidConfiguration)
            #expect(!error.message.contains("hunter2"))
        }
    }
}
