import Glibc

switch CommandLine.arguments.dropFirst() {
case let arguments where arguments.count == 1: try runStages(arguments[1])
case let arguments where arguments.count == 2 && arguments[1] == "store": try runStore(arguments[2])
default:
    print("usage: lodge-bench [store] DIRECTORY-OF-NDJSON-BATCHES")
    exit(2)
}
