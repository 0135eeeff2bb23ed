import CollectorRuntime
import Glibc

exit(CollectorCommand.execute(Array(CommandLine.arguments.dropFirst())))
