import ByteCoding
import LogModel

/// Tells which fields hold secrets by their names, once for each name of a batch.
struct SecretNames: ~Copyable {
    /// What the last part of a name ends with, in lower case and without what joins words.
    private static let words = [
        "password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "accesskey", "secretkey", "privatekey",
        "authorization", "sessionid", "cookie",
    ]
    private static let unknown: UInt8 = 2

    /// By number: 0 no, 1 yes.
    private var known = ReusableBuffer<UInt8>()

    init() {}

    /// Begins a batch, whose names have numbers of their own.
    mutating func forget() { known.removeAll() }

    /// Whether the fields of a name hold secrets.
    mutating func contains(_ name: UInt32, _ builder: borrowing EventBatchBuilder) -> Bool {
        let index = Int(name)
        while known.count <= index { known.append(SecretNames.unknown) }
        if known[index] == SecretNames.unknown {
            let last = SecretNames.word(of: builder.text(ofName: name))
            known[index] = SecretNames.words.contains { last.hasSuffix($0) } ? 1 : 0
        }
        return known[index] == 1
    }

    private static func word(of name: String) -> String {
        let last = name.split(separator: ".").last ?? ""
        return last.lowercased().filter { $0 != "_" && $0 != "-" }
    }
}
