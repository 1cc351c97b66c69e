import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// `record`, and the recording of named rooms (ncco §3.1, §3.2; voice-webhooks §4 "record").
extension ConversationMachine {
    // MARK: Beginning

    mutating func record(_ action: Record, _ legID: LegID, _ world: World) {
        answerIfNeeded(legID, world)
        guard let leg = legs[legID] else { return }
        var recording = Recording(
            id: .make(), file: .make(), source: .leg(legID), format: action.format, channels: action.channels,
            silenceSeconds: action.endOnSilence, endOnKey: action.endOnKey, timeOutSeconds: action.timeOut,
            event: action.event ?? leg.eventTarget, transcription: action.transcription)
        if action.isSynchronous { update(legID) { $0.script?.step = .recording(recording.id) } }
        recordEvent(&recording, beeps: action.beepStart, isSplit: action.isSplit)
        if action.beepStart {
            let beep = play(
                .tone(.beep), event: nil, script: legID, to: audience(of: leg), loop: 1, level: 0)
            recording.phase = .beeping(beep)
        } else {
            begin(&recording)
        }
        update(legID) { $0.recordings.append(recording) }
    }

    /// `record: true` of a `conversation` action: the first member that asks has the room recorded.
    mutating func recordRoom(_ wish: RoomRecordingWish) {
        if let running = roomRecording {
            if running.phase == .closing {
                nextRoomRecording = wish
            } else if running.transcription == nil {
                roomRecording?.transcription = wish.transcription
            }
            return
        }
        var recording = Recording(
            id: .make(), file: .make(), source: .conversation(id), format: .mp3, channels: 1, silenceSeconds: nil,
            endOnKey: nil, timeOutSeconds: nil, event: wish.event, transcription: wish.transcription)
        recordEvent(&recording, beeps: false, isSplit: false)
        begin(&recording)
        roomRecording = recording
    }

    private mutating func recordEvent(_ recording: inout Recording, beeps: Bool, isSplit: Bool) {
        var body: JSONObject = [
            "recording_id": .string(recording.id.text), "format": .string(recording.format.rawValue),
            "streamed": false, "split": .bool(isSplit), "channels": .int(Int64(recording.channels)),
            "multitrack": .bool(recording.channels > 2), "beep_start": .bool(beeps), "beep_stop": false,
            "detect_speech": .bool(recording.silenceSeconds != nil),
        ]
        if let transcription = recording.transcription { body["transcription"] = .object(transcription.settings) }
        rtc("audio:record", body: body)
        recording.eventID = sequence
    }

    private mutating func begin(_ recording: inout Recording) {
        recording.phase = .running
        recording.started = lastInstant
        emit(
            .startRecording(
                recording.id, recording.source,
                RecordingSetting(
                    format: recording.format, channels: recording.channels, silenceSeconds: recording.silenceSeconds,
                    path: FileRecord.name(recording.file, recording.format.stored))))
        if let seconds = recording.timeOutSeconds, case .leg(let leg) = recording.source {
            emit(.setTimer(.recording(leg, recording.id), after: .seconds(seconds)))
        }
    }

    /// The beep of a recording has been heard, or will not be.
    mutating func beepEnded(_ play: PlayID, _ legID: LegID) {
        change(legID, where: { $0.phase == .beeping(play) }) { recording, machine in machine.begin(&recording) }
    }

    // MARK: Ending

    /// A key, silence, or time: the recording ends and its event follows when the file is complete.
    mutating func stopRecordings(of legID: LegID, where fits: (Recording) -> Bool) {
        change(legID, where: fits) { recording, machine in machine.close(&recording) }
    }

    private mutating func close(_ recording: inout Recording) {
        switch recording.phase {
        case .beeping(let beep):
            stop(beep)
            // Asked for and ended before it began: an empty file tells so.
            begin(&recording)
        case .running: break
        case .closing: return
        }
        recording.phase = .closing
        if case .leg(let leg) = recording.source { emit(.cancelTimer(.recording(leg, recording.id))) }
        emit(.stopRecording(recording.id))
    }

    mutating func closeRoomRecording() {
        guard var recording = roomRecording else { return }
        close(&recording)
        roomRecording = recording
    }

    /// Closes what must be told before the leg's last event.
    /// - Returns: false when there is nothing to wait for.
    mutating func closesRecordings(before legID: LegID) -> Bool {
        stopRecordings(of: legID) { _ in true }
        // A room's recording ends with its last member.
        let isLast = legs.values.allSatisfy { $0.id == legID || $0.pendingEnd != nil }
        if isLast { closeRoomRecording() }
        return legs[legID]?.recordings.isEmpty == false || (isLast && roomRecording != nil)
    }

    mutating func recordingEnded(_ id: RecordingID, _ legID: LegID?, _ result: RecordingResult, _ world: World) {
        if let recording = roomRecording, recording.id == id {
            roomRecording = nil
            recordingEvents(recording, nil, result, world)
            if let wish = nextRoomRecording, legs.values.contains(where: { $0.pendingEnd == nil }) {
                recordRoom(wish)
            }
            nextRoomRecording = nil
        } else if let legID, let leg = legs[legID], let recording = leg.recordings.first(where: { $0.id == id }) {
            update(legID) { $0.recordings.removeAll { $0.id == id } }
            emit(.cancelTimer(.recording(legID, id)))
            recordingEvents(recording, legs[legID], result, world)
            if leg.pendingEnd == nil, case .recording(id) = leg.script?.step { resume(legID, world) }
        }
        finishEnds(world)
    }

    /// The `record` webhook, its twin of the RTC stream, and the file's row, in one transaction.
    private mutating func recordingEvents(
        _ recording: Recording, _ leg: Leg?, _ result: RecordingResult, _ world: World
    ) {
        if let failure = result.failure { errorEvent("record: \(failure)", leg: leg) }
        let started = recording.started ?? lastInstant
        guard result.byteCount > 0 else { return }
        let url = "\(world.settings.recordingBase)/v1/files/\(recording.file.text)"
        step.batch.files.append(
            FileRecord(
                id: recording.file, application: application, conversation: id, recording: recording.id,
                format: recording.format.stored, byteCount: result.byteCount, started: started, ended: lastInstant))
        var body: JSONObject = [
            "event_id": .int(Int64(recording.eventID)), "recording_id": .string(recording.id.text),
            "destination_url": .string(url), "format": .string(recording.format.rawValue),
            "start_time": .string(started.iso8601), "end_time": .string(lastInstant.iso8601),
            "size": .int(result.byteCount),
        ]
        if let leg { body["channel"] = .object(leg.channel) }
        rtc("audio:record:done", body: body, clients: false)
        voiceRow(
            "record",
            [
                "start_time": .string(started.iso8601), "end_time": .string(lastInstant.iso8601),
                "recording_url": .string(url), "recording_uuid": .string(recording.id.text),
                "size": .int(result.byteCount), "conversation_uuid": .string(id.text),
                "timestamp": .string(lastInstant.iso8601),
            ], leg: leg, destination: recording.event)
        transcribe(recording, leg?.id, from: started)
    }

    // MARK: Moving

    /// A leg leaves for another conversation: what still beeps begins now, timers go with it.
    mutating func packRecordings(of legID: LegID) {
        change(legID, where: { if case .beeping = $0.phase { true } else { false } }) { recording, machine in
            machine.begin(&recording)
        }
        for recording in legs[legID]?.recordings ?? [] { emit(.cancelTimer(.recording(legID, recording.id))) }
    }

    mutating func unpackRecordings(of leg: Leg) {
        for recording in leg.recordings where recording.phase == .running {
            guard let seconds = recording.timeOutSeconds, let started = recording.started else { continue }
            let spent = Duration.milliseconds(lastInstant.milliseconds - started.milliseconds)
            emit(.setTimer(.recording(leg.id, recording.id), after: max(.zero, .seconds(seconds) - spent)))
        }
    }

    private mutating func change(
        _ legID: LegID, where fits: (Recording) -> Bool, _ body: (inout Recording, inout ConversationMachine) -> Void
    ) {
        guard let leg = legs[legID] else { return }
        for index in leg.recordings.indices where fits(leg.recordings[index]) {
            var recording = leg.recordings[index]
            body(&recording, &self)
            update(legID) { $0.recordings[index] = recording }
        }
    }
}
