import Glibc

/// The addresses of a TCP host and port, as `getaddrinfo` gives them.
@safe struct AddressList: ~Copyable {
    private let head: UnsafeMutablePointer<addrinfo>
    let count: Int

    /// - Parameter isPassive: For listening rather than connecting.
    init(host: String, port: Int, isPassive: Bool) throws(SupervisionError) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = isPassive ? AI_PASSIVE : 0
        var found: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, String(port), &hints, &found)
        guard status == 0, let head = unsafe found else {
            throw SupervisionError(.fileSystem, "\(host) is no address of this machine: \(unsafe String(cString: gai_strerror(status))).")
        }
        unsafe self.head = head
        var count = 0
        var next: UnsafeMutablePointer<addrinfo>? = unsafe head
        while let entry = unsafe next {
            count += 1
            unsafe next = entry.pointee.ai_next
        }
        self.count = count
    }

    deinit { unsafe freeaddrinfo(self.head) }

    func family(_ index: Int) -> Int32 { unsafe self.entry(index).pointee.ai_family }

    func withAddress(_ index: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        let entry = unsafe self.entry(index).pointee
        return unsafe body(entry.ai_addr, entry.ai_addrlen)
    }

    @unsafe private func entry(_ index: Int) -> UnsafeMutablePointer<addrinfo> {
        precondition(index < self.count, "There are \(self.count) addresses.")
        var entry = unsafe self.head
        for _ in 0..<index { if let next = unsafe entry.pointee.ai_next { unsafe entry = next } }
        return unsafe entry
    }
}
