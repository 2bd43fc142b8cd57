#if canImport(Glibc)
    internal import Glibc
#endif

/// A place on Earth, in degrees.
public struct Coordinate: Hashable, Sendable {
    public var latitude: Double
    public var longitude: Double

    /// - Returns: `nil` unless −90…90 and −180…180.
    public init?(latitude: Double, longitude: Double) {
        guard (-90...90).contains(latitude), (-180...180).contains(longitude) else { return nil }
        self.latitude = latitude
        self.longitude = longitude
    }

    /// Great-circle distance in kilometres on a sphere of radius 6,371 km (haversine).
    public func kilometres(to other: Coordinate) -> Double {
        let radians = Double.pi / 180
        let halfLatitude = sin((other.latitude - self.latitude) * radians / 2)
        let halfLongitude = sin((other.longitude - self.longitude) * radians / 2)
        let chord =
            halfLatitude * halfLatitude
            + cos(self.latitude * radians) * cos(other.latitude * radians) * halfLongitude * halfLongitude
        return 2 * 6371 * asin(min(1, chord.squareRoot()))
    }
}
