import HTTPTypes
import HummingbirdCore
import LineFormats
import StorageKeeping
import StoragePolicy
import StoreEngine

/// `GET /v1/storage`: where events are kept, how full the disk is, and what is being done about it.
struct StorageRoutes: Sendable {
    let services: CollectorServices

    func add(to router: inout Router) {
        for method in [HTTPRequest.Method.get, .head] {
            router.add(method, "/v1/storage") { _ in .json(200, status()) }
        }
    }

    private func status() -> [UInt8] {
        let disk = services.disk.findings
        let store = services.store.statistics
        let document: JSONValue = [
            "disk": [
                "stage": .string(disk.stage.word), "measures": .string(disk.stage.measures),
                "used_percent": .number("\((disk.room.percentUsed * 10).rounded() / 10)"),
                "used_bytes": .integer(disk.room.used), "available_bytes": .integer(disk.room.available),
                "headroom_bytes": .integer(disk.headroomBytes), "headroom_held": .bool(disk.isHeadroomHeld),
                "refuses_events": .bool(disk.stage == .critical),
            ],
            "problems": .array(problems(disk).map { .string($0) }),
            "store": ["segments": .integer(store.segments), "bytes": .integer(store.diskBytes)],
        ]
        return document.bytes
    }

    /// What somebody should look after.
    private func problems(_ disk: DiskWatch.Findings) -> [String] {
        var problems: [String] = []
        if disk.stage == .critical {
            problems.append("no events are taken: the disk is nearly full; free some, or keep less")
        }
        if !disk.isHeadroomHeld, services.disk.wantsHeadroom {
            problems.append("there is no headroom for when the disk is full")
        }
        return problems
    }
}
