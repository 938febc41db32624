import ArgumentParser

@main
struct Weir: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A self-hosted streaming gateway that speaks the Amazon Kinesis protocol.")
}
