// The floor: node:http that drains the body and answers.
import { createServer } from "node:http";

createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(202).end("ok"));
}).listen(Number(process.env["PORT"]), "127.0.0.1");
