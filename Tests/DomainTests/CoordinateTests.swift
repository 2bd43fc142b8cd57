import Domain
import Testing

@Suite struct CoordinateTests {
    @Test("Only places on Earth are coordinates", arguments: [(90.1, 0.0), (-91, 0), (0, 180.5), (0, -181), (.nan, 0), (0, .infinity)])
    func refusal(latitude: Double, longitude: Double) {
        #expect(Coordinate(latitude: latitude, longitude: longitude) == nil)
    }

    @Test("Distances agree with the great circle")
    func distance() throws {
        let paris = try #require(Coordinate(latitude: 48.8566, longitude: 2.3522))
        let london = try #require(Coordinate(latitude: 51.5074, longitude: -0.1278))
        #expect(abs(paris.kilometres(to: london) - 343.6) < 1)
        #expect(paris.kilometres(to: paris) == 0)
        let pole = try #require(Coordinate(latitude: 90, longitude: 0))
        let antipole = try #require(Coordinate(latitude: -90, longitude: 120))
        #expect(abs(pole.kilometres(to: antipole) - 6371 * .pi) < 1e-6)
    }
}
