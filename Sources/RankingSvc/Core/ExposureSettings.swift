/// How attention is shared out among those who are ranked.
package struct ExposureSettings: Sendable {
    /// Impressions a day after which somebody stands behind those with fewer; `nil`: none are too many.
    package var dailyCap: UInt32?
    /// Share of every beginning of a list that newcomers get, as far as there are any; 0…1.
    package var newcomerShare: Double

    package init(dailyCap: UInt32? = nil, newcomerShare: Double = 0) {
        self.dailyCap = dailyCap
        self.newcomerShare = newcomerShare
    }

    var isActive: Bool { self.dailyCap != nil || self.newcomerShare > 0 }
}
