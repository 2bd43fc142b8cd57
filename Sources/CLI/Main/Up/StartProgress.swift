import Foundation
import Supervision

/// Shows how far services have come that read a lot before they are ready, from what their health endpoints say meanwhile.
struct StartProgress {
    let folder: DataFolder
    let console: Console

    private static let interval = Duration.milliseconds(200)

    /// Looks at the processes until cancelled.
    func run(_ processes: [String]) async {
        let bar = ProgressBar(self.console)
        while (try? await Task.sleep(for: Self.interval)) != nil {
            for process in processes {
                guard let progress = await self.progress(of: process), !Task.isCancelled else { continue }
                bar.update("\(process): \(progress.what)", done: progress.done, total: progress.total)
                break
            }
        }
        bar.finish()
    }

    private func progress(of process: String) async -> (done: Double, total: Double, what: String)? {
        guard
            let answer = try? await HTTPProbe.get(.unix(path: self.folder.healthSocket(process)), "/health/ready", timeout: .seconds(1)),
            let body = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any],
            let checks = body["checks"] as? [String: String]
        else { return nil }
        return checks.values.lazy.compactMap(Self.parse).first
    }

    /// Reads "not ready: 12 of 20 people loaded".
    static func parse(_ text: String) -> (done: Double, total: Double, what: String)? {
        guard let match = text.wholeMatch(of: /not ready: (\d+) of (\d+) (.+)/), let done = Double(match.1), let total = Double(match.2),
            total > 0
        else { return nil }
        return (done, total, String(match.3))
    }
}
