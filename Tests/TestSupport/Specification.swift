import Foundation

/// The files of `proto-spec`, which say what the outside may rely on.
public enum Specification {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "proto-spec")

    /// What the JSON file of this name holds, such as `vectors/inputs.json`.
    public static func load<Value: Decodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: name)))
    }
}
