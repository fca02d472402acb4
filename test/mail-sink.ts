/** A mail server that keeps what it is given: RFC 5321 as far as a sender goes, on loopback. */

export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

interface Session {
  buffer: string;
  from: string;
  to: string[];
  /** The letter is being given. */
  inData: boolean;
}

export interface MailSink extends Disposable {
  readonly url: string;
  readonly letters: readonly Letter[];
}

export function startMailSink(): MailSink {
  const letters: Letter[] = [];
  const listener = Bun.listen<Session>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { buffer: "", from: "", to: [], inData: false };
        socket.write("220 sink ESMTP\r\n");
      },
      data(socket, bytes) {
        const session = socket.data;
        session.buffer += bytes.toString();
        for (let answer = next(session, letters); answer !== undefined; answer = next(session, letters)) {
          socket.write(answer);
          if (answer.startsWith("221")) socket.end();
        }
      },
    },
  });
  return { url: `smtp://127.0.0.1:${listener.port}`, letters, [Symbol.dispose]: () => listener.stop(true) };
}

/** The answer to the next whole command or letter; undefined where it has not come yet. */
function next(session: Session, letters: Letter[]): string | undefined {
  const end = session.inData ? "\r\n.\r\n" : "\r\n";
  const at = session.buffer.indexOf(end);
  if (at < 0) return undefined;
  const given = session.buffer.slice(0, at);
  session.buffer = session.buffer.slice(at + end.length);
  if (session.inData) {
    session.inData = false;
    letters.push({ from: session.from, to: session.to, text: given.replace(/=\r\n/g, "").replaceAll("=3D", "=") });
    return "250 kept\r\n";
  }
  const address = /<([^>]*)>/.exec(given)?.[1] ?? "";
  switch (given.slice(0, 4).toUpperCase()) {
    case "EHLO":
      return "250-sink\r\n250 8BITMIME\r\n";
    case "MAIL":
      session.from = address;
      session.to = [];
      return "250 ok\r\n";
    case "RCPT":
      session.to.push(address);
      return "250 ok\r\n";
    case "DATA":
      session.inData = true;
      return "354 go on\r\n";
    case "QUIT":
      return "221 bye\r\n";
    default:
      return "502 what?\r\n";
  }
}
