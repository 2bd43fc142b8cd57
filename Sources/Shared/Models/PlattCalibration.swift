/// Turns log-odds into a probability that means what it says: sigmoid(slope · z + offset).
///
/// J. Platt, "Probabilistic outputs for support vector machines" (1999).
public struct PlattCalibration: Hashable, Sendable {
    public let slope: Double
    public let offset: Double

    /// - Throws: ``ModelError/Code/invalid`` unless both are finite and the slope is positive: a calibration keeps the order.
    public init(slope: Double, offset: Double) throws(ModelError) {
        guard slope.isFinite, slope > 0, offset.isFinite else {
            throw ModelError(.invalid, "A calibration needs a positive slope and a finite offset.")
        }
        self.slope = slope
        self.offset = offset
    }

    private init() {
        self.slope = 1
        self.offset = 0
    }

    /// Leaves log-odds as they are.
    public static let identity = PlattCalibration()

    public func probability(_ logit: Double) -> Double { Logistic.sigmoid(self.slope * logit + self.offset) }
}
