@main struct Duet { static func main() {} }
