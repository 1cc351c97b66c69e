/// The console: one page that shows what the box says about itself, and live events to whoever has a token.
enum ConsolePage {
    /// Nothing from elsewhere, no frames; the script and style of the page itself only.
    static let policy =
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self' ws: wss:; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Switchhook</title>
        <style>
        body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
               color: #222; background: #fff }
        h1 { font-size: 1.3rem } h2 { font-size: 1.05rem; margin-top: 2rem }
        .ok { color: #176b2c } .bad { color: #a3161a }
        table { border-collapse: collapse; width: 100% }
        th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
        td { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere }
        textarea { width: 100%; box-sizing: border-box; font-family: ui-monospace, monospace }
        button { font: inherit; padding: .2rem .8rem }
        @media (prefers-color-scheme: dark) {
          body { color: #ddd; background: #161616 } th, td { border-color: #333 }
          .ok { color: #6fce85 } .bad { color: #ff8a8d } }
        </style>
        </head>
        <body>
        <h1>Switchhook <span id="state" role="status">asking…</span></h1>
        <ul id="reasons"></ul>
        <p id="counts"></p>
        <p><a href="/metrics">Metrics</a> · <a href="/health">Health as JSON</a></p>
        <h2>Calls and live events</h2>
        <p>These need a token: <code>switchhook token --application ID</code>. It stays in this page.</p>
        <label for="token">Token</label>
        <textarea id="token" rows="3" spellcheck="false"></textarea>
        <p><button id="connect">Connect</button> <span id="link" role="status"></span></p>
        <table><thead><tr><th>Started</th><th>Direction</th><th>From</th><th>To</th><th>Status</th></tr></thead>
        <tbody id="calls"></tbody></table>
        <h2>Events</h2>
        <table><thead><tr><th>Time</th><th>Conversation</th><th>Id</th><th>Type</th><th>From</th></tr></thead>
        <tbody id="events"></tbody></table>
        <script>
        "use strict";
        const $ = id => document.getElementById(id);
        let token = "", socket = null, position = null;
        function row(table, cells, limit) {
          const line = document.createElement("tr");
          for (const cell of cells) {
            const box = document.createElement("td");
            box.textContent = cell ?? "";
            line.append(box);
          }
          table.prepend(line);
          while (table.rows.length > limit) table.lastElementChild.remove();
        }
        async function health() {
          try {
            const answer = await (await fetch("/health")).json();
            const ready = answer.status === "ok";
            $("state").textContent = ready ? "is ready" : "is not ready";
            $("state").className = ready ? "ok" : "bad";
            $("reasons").replaceChildren(...answer.reasons.map(text => {
              const item = document.createElement("li");
              item.textContent = text;
              return item;
            }));
            const legs = Object.entries(answer.legs).map(([state, count]) => `${count} ${state}`).join(", ");
            $("counts").textContent = `${answer.calls} calls, ${answer.conversations} conversations`
              + (legs ? `, legs: ${legs}` : "") + (answer.draining ? ", draining" : "");
          } catch {
            $("state").textContent = "does not answer";
            $("state").className = "bad";
          }
        }
        const address = end => end ? end.number ?? end.uri ?? end.user ?? end.extension : "";
        async function calls() {
          if (!token) return;
          const answer = await fetch("/v1/calls?page_size=20&order=desc", {headers: {authorization: "Bearer " + token}});
          if (!answer.ok) return;
          const list = (await answer.json())._embedded.calls;
          $("calls").replaceChildren();
          for (const call of list.reverse())
            row($("calls"), [call.start_time, call.direction, address(call.from), address(call.to), call.status], 20);
        }
        function connect() {
          token = $("token").value.trim();
          if (socket) socket.close();
          const scheme = location.protocol === "https:" ? "wss:" : "ws:";
          const mine = socket = new WebSocket(`${scheme}//${location.host}/v1/events`);
          mine.onopen = () => mine.send(JSON.stringify({token, since: position}));
          mine.onmessage = message => {
            const event = JSON.parse(message.data);
            position = event.position;
            if (event.type === "session:ready") { $("link").textContent = "connected"; calls(); return; }
            if (event.type.startsWith("session:")) return;
            row($("events"), [event.timestamp, event.conversation_id, event.id, event.type, event.from], 200);
            if (event.type.startsWith("leg:") || event.type.startsWith("member:")) calls();
          };
          mine.onclose = closed => {
            if (socket !== mine) return;
            let reason = "";
            try { reason = JSON.parse(closed.reason).reason; } catch {}
            $("link").textContent = "closed" + (reason ? ": " + reason : "");
            if (closed.code < 4000 || closed.code === 4413) setTimeout(() => socket === mine && connect(), 2000);
          };
        }
        $("connect").onclick = connect;
        health();
        setInterval(health, 5000);
        </script>
        </body>
        </html>
        """
}
