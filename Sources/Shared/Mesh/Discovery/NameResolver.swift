internal import CLinux
internal import Glibc
internal import Synchronization

/// Looks up the names in a list of addresses from time to time, on a thread of its own, as the system's resolver blocks.
final class NameResolver: Sendable {
    private let services: [String: [String]]
    private let milliseconds: Int32
    private let wakeUp: Int32
    private let isStopped = Atomic(false)

    /// The shortest time between two look-ups, however often ``wake()`` is called, in microseconds.
    private static let pause: UInt32 = 200_000

    init(services: [String: [String]], interval: Duration) {
        self.services = services
        self.milliseconds = Int32(clamping: interval.components.seconds * 1000 + interval.components.attoseconds / 1_000_000_000_000_000)
        self.wakeUp = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(self.wakeUp >= 0, "No file descriptor is left for looking up names.")
    }

    deinit {
        close(self.wakeUp)
    }

    /// - Parameter update: Takes all replicas, sorted, after each look-up; returns whether to go on.
    func start(_ update: @escaping @Sendable ([Endpoint]) -> Bool) {
        PosixThread.start(name: "mesh-names") { [self] in
            var known: [String: [String]] = [:]
            while !self.isStopped.load(ordering: .relaxed) {
                guard update(self.endpoints(&known)) else { return }
                self.wait()
            }
        }
    }

    /// Looks names up soon.
    func wake() { _ = eventfd_write(self.wakeUp, 1) }

    func stop() {
        self.isStopped.store(true, ordering: .relaxed)
        self.wake()
    }

    private func wait() {
        var descriptor = pollfd(fd: self.wakeUp, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&descriptor, 1, self.milliseconds)
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(self.wakeUp, &count)
        if !self.isStopped.load(ordering: .relaxed) { usleep(Self.pause) }
    }

    /// - Parameter known: What each name led to, kept for when it can't be looked up.
    private func endpoints(_ known: inout [String: [String]]) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for (service, addresses) in self.services {
            for address in addresses {
                if let found = Self.resolve(address) { known[address] = found }
                for found in known[address] ?? [] { endpoints.append(Endpoint(service: service, address: found)) }
            }
        }
        return endpoints.sorted { ($0.service, $0.name) < ($1.service, $1.name) }
    }

    /// The addresses with numbers for a host that one with a name stands for; `nil` when the name can't be looked up.
    static func resolve(_ address: String) -> [String]? {
        guard let (host, port) = Address(address).hostAndPort else { return [address] }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(String(host), String(port), &hints, &list) == 0 else { return nil }
        defer { unsafe freeaddrinfo(list) }
        var found: Set<String> = []
        var next = unsafe list
        while let info = unsafe next {
            var numbers = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = unsafe getnameinfo(
                info.pointee.ai_addr, info.pointee.ai_addrlen, &numbers, socklen_t(numbers.count), nil, 0, NI_NUMERICHOST)
            if status == 0 {
                let text = String(decoding: numbers.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                found.insert("\(Address(address).scheme)://\(text.contains(":") ? "[\(text)]" : text):\(port)")
            }
            unsafe next = info.pointee.ai_next
        }
        return found.sorted()
    }
}
