/// What is asked of a contestant.
struct Load: Hashable, Encodable {
    let title: String
    /// Bytes of a request and of its reply.
    let request: Int
    let reply: Int
    let inFlight: Int

    static let all: [Load] = [(64, 64, "64 B"), (8192, 8192, "8 KiB"), (67_920, 12_000, "68 KB rank request, 12 KB reply")]
        .flatMap { request, reply, name in
            [1, 64].map { Load(title: "\(name), \($0) in flight", request: request, reply: reply, inFlight: $0) }
        }
}

struct Key: Hashable {
    let contestant: String
    let load: Load
}

/// One run of one client, as it prints it.
struct Measurement: Codable {
    let calls: Int
    let calls_per_second: Double
    let p50_us: Double
    let p99_us: Double
    let client_cpu_s_per_100k: Double
    let server_cpu_s_per_100k: Double
    /// How often a thread went to sleep.
    let client_waits_per_call: Double
    let server_waits_per_call: Double
}

/// The medians of several runs, each figure on its own.
struct Median: Encodable {
    let callsPerSecond: Double
    let p50: Double
    let p99: Double
    let clientCPU: Double
    let serverCPU: Double
    let cpu: Double
    let waits: Double

    init(_ measurements: [Measurement]) {
        func median(_ value: (Measurement) -> Double) -> Double {
            let values = measurements.map(value).sorted()
            let middle = values.count / 2
            return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
        }
        self.callsPerSecond = median(\.calls_per_second)
        self.p50 = median(\.p50_us)
        self.p99 = median(\.p99_us)
        self.clientCPU = median(\.client_cpu_s_per_100k)
        self.serverCPU = median(\.server_cpu_s_per_100k)
        self.waits = median { $0.client_waits_per_call + $0.server_waits_per_call }
        self.cpu = median { $0.client_cpu_s_per_100k + $0.server_cpu_s_per_100k }
    }
}
