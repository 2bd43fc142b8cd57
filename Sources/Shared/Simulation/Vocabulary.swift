internal import LinearMath

/// The words of the demo community: what people are called, do and write.
enum Vocabulary {
    static let interests = [
        "hiking", "climbing", "running", "cycling", "swimming", "sailing", "surfing", "skiing", "yoga", "pilates", "boxing", "football",
        "tennis", "basketball", "dancing", "salsa", "tango", "ballet", "theatre", "opera", "jazz", "classical music", "techno", "indie rock",
        "hip hop", "festivals", "guitar", "piano", "singing", "choir", "painting", "drawing", "ceramics", "photography", "film", "cinema",
        "anime", "comics", "science fiction", "fantasy", "poetry", "novels", "history", "philosophy", "politics", "volunteering", "languages",
        "travel", "backpacking", "road trips", "camping", "fishing", "gardening", "birds", "dogs", "cats", "horses", "cooking", "baking",
        "vegan food", "street food", "wine", "craft beer", "coffee", "tea", "board games", "chess", "video games", "role playing", "puzzles",
        "coding", "robotics", "astronomy", "biology", "mathematics", "startups", "investing", "fashion", "interior design", "meditation",
    ]

    /// One word of a biography may stand for each interest.
    static let words = [
        "mountains", "ropes", "marathons", "bicycles", "lakes", "wind", "waves", "snow", "balance", "posture", "gloves", "stadiums",
        "rackets", "hoops", "dancefloors", "rhythm", "milongas", "pointe", "stages", "arias", "saxophones", "quartets", "warehouses",
        "guitars", "beats", "crowds", "strings", "keys", "karaoke", "harmonies", "canvases", "sketchbooks", "clay", "cameras", "reels",
        "matinees", "manga", "panels", "starships", "dragons", "verses", "paperbacks", "castles", "paradoxes", "debates", "shelters",
        "dictionaries", "airports", "hostels", "motorways", "tents", "rivers", "tomatoes", "binoculars", "puppies", "kittens", "stables",
        "recipes", "sourdough", "lentils", "dumplings", "vineyards", "breweries", "espresso", "teapots", "meeples", "gambits", "consoles",
        "dice", "riddles", "compilers", "circuits", "telescopes", "microscopes", "theorems", "pitches", "dividends", "fabrics", "lamps",
        "silence",
    ]

    static let openings = [
        "Always up for", "Happiest around", "Ask me about", "Weekends are for", "A soft spot for", "Grew up with", "Slightly obsessed with",
        "Never without", "Life is better with", "Currently into",
    ]
    static let closings = [
        "Tell me your story.", "Bring good humour.", "New in town.", "Early riser.", "Night owl.", "Patient cook, terrible dishwasher.",
        "Honest and curious.", "No hurry.", "Family matters to me.", "Will travel for a good meal.",
    ]

    static let maleNames = [
        "Adam", "Alessio", "Andreas", "Anton", "Ben", "Bruno", "Carlos", "Daniel", "David", "Diego", "Emil", "Erik", "Felix", "Finn",
        "Gabriel", "Henrik", "Hugo", "Ivan", "Jakub", "Jan", "Jonas", "Julien", "Karl", "Lars", "Leon", "Liam", "Luca", "Lukas", "Marco",
        "Mateo", "Matthias", "Max", "Mikkel", "Milan", "Nico", "Noah", "Oliver", "Oscar", "Pablo", "Paul", "Peter", "Rafael", "Samuel",
        "Sebastian", "Simon", "Stefan", "Theo", "Thomas", "Tim", "Viktor",
    ]
    static let femaleNames = [
        "Ada", "Agnes", "Alice", "Amelie", "Ana", "Anna", "Astrid", "Camille", "Carla", "Chiara", "Clara", "Elena", "Elin", "Elisa", "Ella",
        "Emma", "Eva", "Freya", "Greta", "Hanna", "Helena", "Ida", "Ines", "Ingrid", "Isabel", "Jana", "Johanna", "Julia", "Katarina",
        "Klara", "Laura", "Lea", "Lena", "Lina", "Louise", "Lucia", "Maja", "Maria", "Marta", "Mia", "Mila", "Nina", "Nora", "Olivia",
        "Paula", "Petra", "Sara", "Sofia", "Vera", "Zoe",
    ]
    static let otherNames = [
        "Alex", "Andrea", "Charlie", "Dominique", "Eden", "Jamie", "Jules", "Kim", "Luan", "Mika", "Noa", "Robin", "Sam", "Sascha", "Toni",
    ]

    /// What taste each interest goes with: a fixed direction in the space of traits, the same in every community.
    static let directions: [[Float]] = {
        var generator = SeededGenerator(seed: 0x6475_6574)
        return Self.interests.map { _ in
            let vector = (0..<SimulatedPerson.traitCount).map { _ in generator.gaussian() }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { Float($0 / norm) }
        }
    }()
}
