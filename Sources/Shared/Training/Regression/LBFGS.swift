/// Limited-memory BFGS for smooth unconstrained minima (Nocedal 1980), with an Armijo–Wolfe line search by bisection.
enum LBFGS {
    struct Options: Sendable {
        var memory = 10
        var maximumIterations = 200
        /// Stops when the largest gradient component is below it.
        var gradientTolerance = 1e-6
        /// Stops when an iteration lowers the value by less than this share.
        var relativeImprovement = 1e-12
    }

    struct Result: Sendable {
        var point: [Double]
        var value: Double
        var iterations: Int
        var converged: Bool
    }

    /// Minimises a function.
    ///
    /// - Parameter function: Returns the value at a point and writes the gradient into its second argument.
    static func minimize(
        from start: [Double], options: Options = Options(), _ function: ([Double], inout [Double]) -> Double
    ) -> Result {
        var point = start
        var gradient = [Double](repeating: 0, count: start.count)
        var value = function(point, &gradient)
        var history: [(step: [Double], change: [Double], inverseCurvature: Double)] = []
        for iteration in 0..<options.maximumIterations {
            if gradient.allSatisfy({ abs($0) <= options.gradientTolerance }) {
                return Result(point: point, value: value, iterations: iteration, converged: true)
            }
            var direction = Self.direction(gradient, history)
            var slope = Self.dot(direction, gradient)
            if slope >= 0 {  // The curvature pairs lost descent to rounding: start anew with the gradient.
                history.removeAll()
                direction = gradient.map { -$0 }
                slope = -Self.dot(gradient, gradient)
            }
            let first = history.isEmpty ? min(1, 1 / Self.dot(gradient, gradient).squareRoot()) : 1
            guard let next = Self.search(point, direction, value, slope, first, function) else {
                // No lower point along a descent direction: the value is at the limit of its precision.
                return Result(point: point, value: value, iterations: iteration, converged: true)
            }
            let step = zip(next.point, point).map { $0 - $1 }
            let change = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = Self.dot(step, change)
            if curvature > 1e-14 * Self.dot(change, change) {
                if history.count == options.memory { history.removeFirst() }
                history.append((step, change, 1 / curvature))
            }
            let improvement = value - next.value
            (point, value, gradient) = (next.point, next.value, next.gradient)
            if improvement <= options.relativeImprovement * max(abs(value), 1e-12) {
                return Result(point: point, value: value, iterations: iteration + 1, converged: true)
            }
        }
        return Result(point: point, value: value, iterations: options.maximumIterations, converged: false)
    }

    /// The two-loop recursion.
    private static func direction(
        _ gradient: [Double], _ history: [(step: [Double], change: [Double], inverseCurvature: Double)]
    ) -> [Double] {
        var q = gradient
        var factors: [Double] = []
        for pair in history.reversed() {
            let factor = pair.inverseCurvature * Self.dot(pair.step, q)
            factors.append(factor)
            for index in q.indices { q[index] -= factor * pair.change[index] }
        }
        if let last = history.last {
            let scale = 1 / (last.inverseCurvature * Self.dot(last.change, last.change))
            for index in q.indices { q[index] *= scale }
        }
        for (pair, factor) in zip(history, factors.reversed()) {
            let correction = factor - pair.inverseCurvature * Self.dot(pair.change, q)
            for index in q.indices { q[index] += correction * pair.step[index] }
        }
        return q.map { -$0 }
    }

    private static func search(
        _ point: [Double], _ direction: [Double], _ value: Double, _ slope: Double, _ first: Double,
        _ function: ([Double], inout [Double]) -> Double
    ) -> (point: [Double], value: Double, gradient: [Double])? {
        var (low, high) = (0.0, Double.infinity)
        var length = first
        var gradient = [Double](repeating: 0, count: point.count)
        var best: (point: [Double], value: Double, gradient: [Double])?
        for _ in 0..<40 {
            let candidate = zip(point, direction).map { $0 + length * $1 }
            let there = function(candidate, &gradient)
            if !(there <= value + 1e-4 * length * slope) {
                high = length
            } else {
                best = (candidate, there, gradient)
                guard Self.dot(gradient, direction) < 0.9 * slope else { return best }
                low = length
            }
            length = high.isFinite ? (low + high) / 2 : 2 * length
        }
        return best
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }
}
