import AgentPipeline
import LogModel
import TestSupport
import Testing

/// The log files of containers, whatever runtime wrote them, and what their paths tell.
struct ContainerTests {
    private func docker(_ text: String, _ stream: String = "stdout", second: Int = 5) -> String {
        #"{"log":"\#(text)","stream":"\#(stream)","attrs":{"tag":"x"},"time":"2026-01-02T03:04:0\#(second).5Z"}"# + "\n"
    }

    @Test func aLineOfDockerIsWhatTheContainerWrote() {
        var pipeline = Pipeline(SourceProfile(container: .docker))
        let events = pipeline.read(
            docker(#"a \"b\" \u00fc\n"#) + docker(#"{\"level\":\"error\",\"msg\":\"no\"}\n"#, "stderr"))
        #expect(events.map(\.message) == ["a \"b\" ü", "no"])
        #expect(events.map { $0.fields["stream"] } == ["stdout", "stderr"])
        #expect(events.map(\.level) == [.unknown, .error])
        #expect(events.first?.time == Timestamp(parsing: "2026-01-02T03:04:05.5Z"))
    }

    @Test func piecesAreJoinedStreamByStream() {
        var pipeline = Pipeline(SourceProfile(container: .docker))
        let events = pipeline.read(
            docker("one ") + docker("uno ", "stderr") + docker("two ") + docker(#"due\n"#, "stderr")
                + docker(#"three\n"#)
                + docker(#"a backslash \\n"#) + docker(#"\n"#))
        #expect(events.map(\.message).sorted() == ["a backslash \\n", "one two three", "uno due"])
    }

    @Test func howTheBytesComeInMakesNoDifference() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        var text = ""
        for number in 0..<300 {
            let stream = random.chance(50) ? "stdout" : "stderr"
            text += docker("piece \(number)" + (random.chance(60) ? #"\n"# : ""), stream)
        }
        let bytes = Array(text.utf8)
        var whole = Pipeline(SourceProfile(container: .auto))
        let expected = whole.read(bytes).map(\.message)
        for _ in 0..<20 {
            let assembler = BatchAssembler(host: "web1", cutter: LineCutter(maxLineBytes: 1 << 20))
            var state = SourceState(id: 1, path: "/x.log", device: 1, inode: 1)
            var offset = 0
            var end = 0
            while offset < bytes.count {
                end = min(bytes.count, end + 1 + random.below(2_000))
                let taken = bytes[offset..<end].withUnsafeBytes {
                    assembler.take(
                        $0, of: &state, profile: whole.profile, ending: end == bytes.count ? .final : .open,
                        arrival: Pipeline.arrival)
                }
                offset += taken
            }
            let messages = SeenEvent.all(assembler.finish()).map(\.message)
            #expect(messages == expected, "seed \(seed)")
        }
    }

    @Test func bothFormsMayStandInOneFile() {
        var pipeline = Pipeline(SourceProfile(container: .auto))
        let events = pipeline.read(
            docker(#"one\n"#) + "2026-01-02T03:04:05Z stderr F two\n" + #"{"log":"no time\n","stream":"stdout"}"# + "\n"
        )
        #expect(events.map(\.message) == ["one", "two", "no time\n"] || events.count == 3)
        #expect(events.prefix(2).map { $0.fields["stream"] } == ["stdout", "stderr"])
    }

    @Test func pathsTellOfPodsAndContainers() {
        let id = String(repeating: "0123456789abcdef", count: 4)
        #expect(
            ContainerPath("/var/log/pods/shop_cart-7d9f_1b2c-3d/web/0.log").fields.map { "\($0.name)=\($0.value)" }
                == ["k8s.namespace=shop", "k8s.pod=cart-7d9f", "k8s.pod_uid=1b2c-3d", "k8s.container=web"])
        #expect(
            ContainerPath("/var/log/containers/cart-7d9f_shop_web-app-\(id).log").fields.map {
                "\($0.name)=\($0.value)"
            }
                == ["k8s.namespace=shop", "k8s.pod=cart-7d9f", "k8s.container=web-app", "container.id=\(id)"])
        #expect(
            ContainerPath("/var/lib/docker/containers/\(id)/\(id)-json.log").fields.map { "\($0.name)=\($0.value)" }
                == ["container.id=\(id)"])
        for path in [
            "", "/", "/a.log", "/var/log/app.log", "/var/log/pods/a_b/c/0.log", "/containers/x_y.log",
            "/x/containers/a_b_c.log",
        ] {
            #expect(ContainerPath(path) == ContainerPath("/nothing"))
        }
    }

    @Test func theContainerIsTheServiceAndItsPodIsInItsEvents() {
        let assembler = BatchAssembler(host: "web1", cutter: LineCutter(maxLineBytes: 1 << 20))
        func read(_ path: String, _ profile: SourceProfile) -> [SeenEvent] {
            var state = SourceState(id: UInt64(path.utf8.count), path: path, device: 1, inode: 1)
            _ = Array("2026-01-02T03:04:05Z stdout F text\n".utf8).withUnsafeBytes {
                assembler.take($0, of: &state, profile: profile, ending: .final, arrival: Pipeline.arrival)
            }
            return SeenEvent.all(assembler.finish())
        }
        let path = "/var/log/pods/shop_cart-7d9f_1b2c-3d/web/0.log"
        let event = read(path, SourceProfile(container: .auto)).first
        #expect(event?.labels["service"] == "web")
        #expect(event?.fields["k8s.pod"] == "cart-7d9f" && event?.fields["k8s.namespace"] == "shop")
        #expect(read(path, SourceProfile(service: "mine", container: .auto)).first?.labels["service"] == "mine")
        #expect(read(path, SourceProfile()).first?.fields["k8s.pod"] == nil)
    }
}
