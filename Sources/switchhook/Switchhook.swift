@main struct Switchhook { static func main() { print("switchhook") } }
