// A device made with Node's ws. Prints its port; at the end of standard input its counts.
// Reply modes (argv[2]): whole, fragments (with a ping between).
'use strict';
const { WebSocketServer } = require('ws');

const types = { 'device.getStatus': 'device.status', 'effects.getCurrent': 'effects.current',
	'effects.parameters.get': 'effects.parameters' };
const count = { messages: 0, replies: 0, pongs: 0, closes: [], commands: {} };
const mode = process.argv[2] || 'whole';
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' }, () => {
	console.log(server.address().port);
});

server.on('connection', (ws) => {
	ws.send(JSON.stringify({ type: 'status', uptime: 5, freeHeap: 26000 }));
	ws.on('pong', () => { count.pongs++; });
	ws.on('close', (code) => { count.closes.push(code); });
	ws.on('message', (data) => {
		const request = JSON.parse(data);
		const reply = JSON.stringify({ type: types[request.type], success: true,
			requestId: request.requestId, data: { text: 'κόσμε' } });
		const bytes = Buffer.from(reply);
		count.messages++;
		count.commands[request.type] = (count.commands[request.type] || 0) + 1;
		count.replies++;
		if (mode === 'whole') {
			ws.send(reply);
			return;
		}
		// Cut inside a character, with a ping before each part but the first.
		const cuts = [10, bytes.length - 8, bytes.length];
		let from = 0;
		for (const to of cuts) {
			if (from > 0)
				ws.ping('between');
			ws.send(bytes.subarray(from, to), { binary: false, fin: to === bytes.length });
			from = to;
		}
	});
});

function report() {
	if (server.clients.size > 0) {
		setTimeout(report, 10);
		return;
	}
	console.log(JSON.stringify(count));
	process.exit(0);
}

process.stdin.resume();
process.stdin.on('end', report);
