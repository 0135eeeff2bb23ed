import Glibc

guard CommandLine.arguments.count == 2 else {
    print("usage: lodge-bench DIRECTORY-OF-NDJSON-BATCHES")
    exit(2)
}
try runStages(CommandLine.arguments[1])
