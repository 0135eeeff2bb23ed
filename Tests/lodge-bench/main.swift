import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "store" where arguments.count == 2: try runStore(arguments[1])
case "agent" where arguments.count == 2: try runAgentStages(arguments[1])
case "sections" where arguments.count == 2: try runSections(arguments[1], keep: nil)
case "sections" where arguments.count == 3: try runSections(arguments[1], keep: arguments[2])
case let directory? where !["store", "sections", "agent"].contains(directory):
    try runStages(directory, levels: arguments.dropFirst().compactMap { Int32($0) })
default:
    print("usage: lodge-bench DIRECTORY-OF-NDJSON-BATCHES [ZSTD-LEVEL ...]")
    print("       lodge-bench agent DIRECTORY-OF-NDJSON-BATCHES")
    print("       lodge-bench store DIRECTORY-OF-NDJSON-BATCHES")
    print("       lodge-bench sections DIRECTORY-OF-NDJSON-BATCHES [DIRECTORY-TO-KEEP]")
    exit(2)
}
