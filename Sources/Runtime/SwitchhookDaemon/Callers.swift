import CallModel
import ControlAPI
import ConversationRuntime
import MediaTime
import Tokens

/// Verifies tokens of the REST API and of live sessions against the Applications in force.
struct Callers: CallerVerifying {
    let verifier = TokenVerifier()
    let switchboard: Switchboard

    func caller(bearer token: String, at now: WallTime) async throws(TokenRefusal) -> Caller {
        let verified: VerifiedToken
        do throws(TokenFault) {
            verified = try verifier.verify(token, application: { switchboard.directory.applications[$0] }, now: now)
        } catch {
            throw TokenRefusal("\(error)")
        }
        return Caller(application: verified.applicationID, user: verified.sub, expires: verified.expires) {
            method, path, fields in
            verified.allows(method: method, path: path, fields: fields)
        }
    }
}
