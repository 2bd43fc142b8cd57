/// A city that people of the demo community live in.
struct Place: Sendable {
    let name: String
    let latitude: Double
    let longitude: Double
    /// Share of the population, relative to the others.
    let weight: Double

    static let all: [Place] = [
        Place(name: "London", latitude: 51.507, longitude: -0.128, weight: 8.8),
        Place(name: "Berlin", latitude: 52.520, longitude: 13.405, weight: 6.2),
        Place(name: "Madrid", latitude: 40.417, longitude: -3.704, weight: 5.8),
        Place(name: "Rome", latitude: 41.903, longitude: 12.496, weight: 5.0),
        Place(name: "Paris", latitude: 48.857, longitude: 2.352, weight: 6.6),
        Place(name: "Vienna", latitude: 48.208, longitude: 16.374, weight: 4.2),
        Place(name: "Hamburg", latitude: 53.551, longitude: 9.994, weight: 4.0),
        Place(name: "Warsaw", latitude: 52.230, longitude: 21.012, weight: 3.8),
        Place(name: "Budapest", latitude: 47.498, longitude: 19.040, weight: 3.6),
        Place(name: "Barcelona", latitude: 41.385, longitude: 2.173, weight: 4.0),
        Place(name: "Munich", latitude: 48.135, longitude: 11.582, weight: 3.6),
        Place(name: "Milan", latitude: 45.464, longitude: 9.190, weight: 3.4),
        Place(name: "Prague", latitude: 50.076, longitude: 14.438, weight: 3.2),
        Place(name: "Stockholm", latitude: 59.329, longitude: 18.069, weight: 2.8),
        Place(name: "Amsterdam", latitude: 52.368, longitude: 4.904, weight: 3.0),
        Place(name: "Copenhagen", latitude: 55.676, longitude: 12.568, weight: 2.6),
        Place(name: "Dublin", latitude: 53.350, longitude: -6.260, weight: 2.2),
        Place(name: "Brussels", latitude: 50.850, longitude: 4.352, weight: 2.4),
        Place(name: "Cologne", latitude: 50.938, longitude: 6.960, weight: 2.4),
        Place(name: "Naples", latitude: 40.852, longitude: 14.268, weight: 2.2),
        Place(name: "Turin", latitude: 45.070, longitude: 7.687, weight: 2.0),
        Place(name: "Marseille", latitude: 43.297, longitude: 5.370, weight: 2.0),
        Place(name: "Zurich", latitude: 47.377, longitude: 8.542, weight: 2.0),
        Place(name: "Rotterdam", latitude: 51.924, longitude: 4.478, weight: 1.8),
        Place(name: "Lisbon", latitude: 38.722, longitude: -9.139, weight: 2.2),
        Place(name: "Oslo", latitude: 59.914, longitude: 10.752, weight: 1.8),
        Place(name: "Helsinki", latitude: 60.170, longitude: 24.938, weight: 1.8),
        Place(name: "Frankfurt", latitude: 50.111, longitude: 8.682, weight: 1.8),
        Place(name: "Valencia", latitude: 39.470, longitude: -0.376, weight: 1.6),
        Place(name: "Lyon", latitude: 45.764, longitude: 4.836, weight: 1.6),
        Place(name: "Leipzig", latitude: 51.340, longitude: 12.373, weight: 1.4),
        Place(name: "Glasgow", latitude: 55.864, longitude: -4.252, weight: 1.4),
        Place(name: "Porto", latitude: 41.158, longitude: -8.629, weight: 1.2),
        Place(name: "Gothenburg", latitude: 57.709, longitude: 11.975, weight: 1.2),
        Place(name: "Basel", latitude: 47.560, longitude: 7.589, weight: 1.0),
        Place(name: "Bern", latitude: 46.948, longitude: 7.447, weight: 1.0),
        Place(name: "Geneva", latitude: 46.204, longitude: 6.143, weight: 1.0),
        Place(name: "Ghent", latitude: 51.054, longitude: 3.725, weight: 0.9),
        Place(name: "Salzburg", latitude: 47.800, longitude: 13.045, weight: 0.8),
        Place(name: "Ljubljana", latitude: 46.057, longitude: 14.506, weight: 0.8),
    ]
}
