@testable import AgentRuntime
import AgentPipeline
import Diagnostics
import SystemIO
import TestSupport
import Testing

/// What files beside the logs tell of containers.
struct ContainerMetadataTests {
    private let id = String(repeating: "0123456789abcdef", count: 4)

    private func write(_ text: String, to path: String) throws {
        try FileSystem.createDirectory(FileSystem.parent(of: path))
        try FileSystem.writeAtomically(path, Array(text.utf8))
    }

    private func fields(_ description: SourceDescription) -> [String: String] {
        Dictionary(description.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func dockersConfigurationGivesNameImageAndLabels() throws {
        let directory = try TemporaryDirectory()
        let folder = "\(directory.path)/containers/\(id)"
        try write(
            #"{"Name":"/shop_web_1","Config":{"Image":"shop/web:2","Labels":{"com.docker.compose.service":"web","team":"edge"}}}"#,
            to: "\(folder)/config.v2.json")
        let metadata = ContainerMetadata(mapPath: nil, log: DiagnosticLog(program: "t", sink: { _ in }))
        let found = metadata.description(ofContainer: "\(folder)/\(id)-json.log")
        #expect(found.service == "web")
        #expect(
            fields(found) == [
                "container.id": id, "container.name": "shop_web_1", "container.image": "shop/web:2",
                "container.label.com.docker.compose.service": "web", "container.label.team": "edge",
            ])
        // Read again when it has changed, a while later.
        try write(#"{"Name":"/renamed"}"#, to: "\(folder)/config.v2.json")
        #expect(metadata.description(ofContainer: "\(folder)/\(id)-json.log").service == "web")
        metadata.now += 11_000_000_000
        #expect(metadata.description(ofContainer: "\(folder)/\(id)-json.log").service == "renamed")
        try write("no JSON", to: "\(folder)/config.v2.json")
        metadata.now += 11_000_000_000
        #expect(fields(metadata.description(ofContainer: "\(folder)/\(id)-json.log")) == ["container.id": id])
    }

    @Test func aMapGivesLabelsOfPods() throws {
        let directory = try TemporaryDirectory()
        let map = "\(directory.path)/pods.yaml"
        let path = "/var/log/pods/shop_cart-1_uid/web/0.log"
        let metadata = ContainerMetadata(mapPath: map, log: DiagnosticLog(program: "t", sink: { _ in }))
        #expect(fields(metadata.description(ofContainer: path))["k8s.label.app"] == nil)
        try write("shop/cart-1:\n  app: cart\n  tier: front\nshop/other:\n", to: map)
        metadata.now += 11_000_000_000
        let found = fields(metadata.description(ofContainer: path))
        #expect(found["k8s.label.app"] == "cart" && found["k8s.label.tier"] == "front" && found["k8s.pod"] == "cart-1")
        try write(#"{"shop/cart-1": {"app": "cart2"}}"#, to: map)
        metadata.now += 11_000_000_000
        #expect(fields(metadata.description(ofContainer: path))["k8s.label.app"] == "cart2")
        try write("shop/cart-1: [", to: map)
        metadata.now += 11_000_000_000
        #expect(fields(metadata.description(ofContainer: path))["k8s.label.app"] == "cart2")
    }
}
