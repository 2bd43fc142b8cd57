import Glibc

/// What the kernel says about this process, under the names that Prometheus' own clients use.
public enum ProcessMetrics {
    /// Adds `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds`, `process_max_fds`, `process_threads`
    /// and `process_start_time_seconds`; all but the last are read at each scrape.
    public static func register(in registry: MetricsRegistry) {
        registry.counter("process_cpu_seconds_total", "User and system CPU time spent, in seconds.") { self.cpuSeconds }
        registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.") { Double(self.residentBytes) }
        registry.gauge("process_open_fds", "Number of open file descriptors.") { Double(self.openDescriptors) }
        registry.gauge("process_max_fds", "Maximum number of open file descriptors.") { self.maximumDescriptors }
        registry.gauge("process_threads", "Number of operating-system threads.") { Double(self.threads) }
        let start = Double(time(nil))
        registry.gauge("process_start_time_seconds", "Start time of the process since the Unix epoch, in seconds.") { start }
    }

    /// CPU time used by all threads of this process.
    public static var cpuSeconds: Double {
        var moment = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &moment) == 0 else { return 0 }
        return Double(moment.tv_sec) + Double(moment.tv_nsec) * 1e-9
    }

    /// Memory of this process that is in RAM.
    public static var residentBytes: Int {
        let fields = ProcFile.text("/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    static var openDescriptors: Int {
        guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        return max(0, count - 3)  // ".", ".." and the folder's own.
    }

    static var maximumDescriptors: Double {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Double(limit.rlim_cur)
    }

    static var threads: Int {
        // The 20th field; the 2nd, a name in parentheses, may hold blanks.
        guard let rest = ProcFile.text("/proc/self/stat").split(separator: ")").last else { return 0 }
        let fields = rest.split(separator: " ")
        return fields.count > 17 ? Int(fields[17]) ?? 0 : 0
    }
}

/// Small files of `/proc`.
enum ProcFile {
    /// The first 4 KB as text; empty if the file can't be read.
    static func text(_ path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(file, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
