import AgentInputs
import Testing

struct GlobPatternTests {
    struct Case: Sendable {
        var pattern: String
        var path: String
        var matches: Bool
    }

    static let cases = [
        Case(pattern: "/var/log/*.log", path: "/var/log/a.log", matches: true),
        Case(pattern: "/var/log/*.log", path: "/var/log/x/a.log", matches: false),
        Case(pattern: "/var/log/*.log", path: "/var/log/.a.log", matches: false),
        Case(pattern: "/var/log/**/*.log", path: "/var/log/a.log", matches: true),
        Case(pattern: "/var/log/**/*.log", path: "/var/log/x/y/a.log", matches: true),
        Case(pattern: "/var/**", path: "/var/x/y", matches: true),
        Case(pattern: "/a/?.log", path: "/a/x.log", matches: true),
        Case(pattern: "/a/?.log", path: "/a/xy.log", matches: false),
        Case(pattern: "/a/[a-c]x", path: "/a/bx", matches: true),
        Case(pattern: "/a/[!a-c]x", path: "/a/bx", matches: false),
        Case(pattern: "/a/[!a-c]x", path: "/a/dx", matches: true),
        Case(pattern: "/a/[x", path: "/a/[x", matches: true),
        Case(pattern: "/a/\\*", path: "/a/*", matches: true),
        Case(pattern: "/a/\\*", path: "/a/b", matches: false),
        Case(pattern: "rel/*.log", path: "/home/rel/a.log", matches: true),
        Case(pattern: "./a*b*c", path: "/home/aXXbYYc", matches: true),
        Case(pattern: "/a/*a*a*a*b", path: "/a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", matches: false),
        Case(pattern: "/ä*", path: "/äö", matches: true),
    ]

    @Test(arguments: cases) func matchesAsShellsDo(_ item: Case) {
        #expect(GlobPattern(item.pattern, relativeTo: "/home").matches(item.path) == item.matches)
    }
}
