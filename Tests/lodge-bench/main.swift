import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "store" where arguments.count == 2: try runStore(arguments[1])
case let directory? where directory != "store":
    try runStages(directory, levels: arguments.dropFirst().compactMap { Int32($0) })
default:
    print("usage: lodge-bench DIRECTORY-OF-NDJSON-BATCHES [ZSTD-LEVEL ...]")
    print("       lodge-bench store DIRECTORY-OF-NDJSON-BATCHES")
    exit(2)
}
