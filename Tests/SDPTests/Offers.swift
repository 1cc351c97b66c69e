/// Offers in the shape that known peers send; addresses and keys are made up.
enum Offers {
    static func lines(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: "\r\n") + "\r\n"
    }

    /// sipp 3.6, the scenario `uac` that is built in.
    static let sipp = lines(
        """
        v=0
        o=user1 53655765 2353687637 IN IP4 127.0.0.1
        s=-
        c=IN IP4 127.0.0.1
        t=0 0
        m=audio 6000 RTP/AVP 0
        a=rtpmap:0 PCMU/8000
        """)

    /// baresip 1.0 with Opus, SRTP off.
    static let baresip = lines(
        """
        v=0
        o=- 2208988800 3 IN IP4 192.168.1.20
        s=-
        c=IN IP4 192.168.1.20
        t=0 0
        a=tool:baresip 1.0.0
        m=audio 10084 RTP/AVP 96 0 8 101
        b=AS:125
        a=rtpmap:96 opus/48000/2
        a=fmtp:96 stereo=1;sprop-stereo=1;maxaveragebitrate=32000;useinbandfec=1
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:101 telephone-event/8000
        a=fmtp:101 0-15
        a=rtcp:10085
        a=sendrecv
        a=label:1
        a=rtcp-rsize
        a=ssrc:2463562023 cname:sip:alice@box
        a=ptime:20
        """)

    /// baresip with mediaenc=srtp-mand.
    static let baresipSRTP = lines(
        """
        v=0
        o=- 1 1 IN IP4 192.168.1.20
        s=-
        c=IN IP4 192.168.1.20
        t=0 0
        m=audio 10084 RTP/SAVP 0 101
        a=rtpmap:0 PCMU/8000
        a=rtpmap:101 telephone-event/8000
        a=fmtp:101 0-15
        a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk
        a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBQkNE|2^31
        a=crypto:3 AEAD_AES_128_GCM inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nw==
        a=rtcp-mux
        a=sendrecv
        """)

    /// Asterisk chan_pjsip: ptime and maxptime, RTCP by attribute.
    static let asterisk = lines(
        """
        v=0
        o=- 1478653821 1478653821 IN IP4 10.0.0.5
        s=Asterisk
        c=IN IP4 10.0.0.5
        t=0 0
        m=audio 17328 RTP/AVP 8 0 3 9 107 101
        a=rtpmap:8 PCMA/8000
        a=rtpmap:0 PCMU/8000
        a=rtpmap:3 GSM/8000
        a=rtpmap:9 G722/8000
        a=rtpmap:107 opus/48000/2
        a=fmtp:107 useinbandfec=1
        a=rtpmap:101 telephone-event/8000
        a=fmtp:101 0-16
        a=ptime:20
        a=maxptime:150
        a=sendrecv
        """)

    /// Linphone: audio and video, AVPF, two telephone-events, session-level ICE.
    static let linphone = lines(
        """
        v=0
        o=alice 3456 2147 IN IP4 192.168.0.18
        s=Talk
        c=IN IP4 192.168.0.18
        t=0 0
        a=ice-pwd:5f3c8a2f9d1f6b1a9c2b7e4d
        a=ice-ufrag:8a9b1c2d
        a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
        m=audio 7078 RTP/AVPF 96 97 98 0 8 101 99
        a=rtpmap:96 opus/48000/2
        a=fmtp:96 useinbandfec=1
        a=rtpmap:97 speex/16000
        a=fmtp:97 vbr=on
        a=rtpmap:98 speex/8000
        a=rtpmap:101 telephone-event/48000
        a=rtpmap:99 telephone-event/8000
        a=candidate:1 1 UDP 2130706431 192.168.0.18 7078 typ host
        a=rtcp-fb:* trr-int 1000
        m=video 9078 RTP/AVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack pli
        """)

    static let ip6 = lines(
        """
        v=0
        o=- 1 1 IN IP6 2001:db8::10
        s=-
        t=0 0
        m=audio 4000 RTP/AVP 8 101
        c=IN IP6 2001:db8::10
        a=rtpmap:101 telephone-event/8000
        """)

    /// A browser: DTLS-SRTP, which needs another leg type.
    static let browser = lines(
        """
        v=0
        o=- 46117317 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 111 0
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=mid:0
        a=fingerprint:sha-256 00:11:22
        a=setup:actpass
        a=rtcp-mux
        a=rtpmap:111 opus/48000/2
        """)

    /// The video first, a fax line, two audio streams, no rtpmap for static types, bare LF line ends.
    static let manySections = """
        v=0
        o=- 7 8 IN IP4 10.1.1.1
        s=-
        c=IN IP4 10.1.1.1
        t=0 0
        m=video 5000 RTP/AVP 31
        m=audio 0 RTP/AVP 0
        m=audio 5002 RTP/AVP 18
        a=mid:g729
        m=audio 5004 RTP/AVP 18 8 0
        a=mid:voice
        m=image 5006 udptl t38
        m=audio 5008 RTP/AVP 0

        """

    static let all = [sipp, baresip, baresipSRTP, asterisk, linphone, ip6, browser, manySections]

    /// A one-stream offer of PCMU with these lines at the end, or at session level.
    static func plain(
        _ media: [String] = [], session: [String] = [], address: String = "10.0.0.1", profile: String = "RTP/AVP",
        formats: String = "0"
    ) -> String {
        (["v=0", "o=- 1 1 IN IP4 10.0.0.1", "s=-", "c=IN IP4 \(address)", "t=0 0"] + session
            + ["m=audio 6000 \(profile) \(formats)"] + media).joined(separator: "\r\n") + "\r\n"
    }
}

/// SplitMix64: the same choices in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
