// Scores an answer, given as JSON on standard input, with the program of the MDN HTTP Observatory and with Google's CSP
// Evaluator: node observatory.mjs FOLDER, where both packages are in FOLDER/node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const packages = join(resolve(process.argv[2]), "node_modules");
const load = (path) => import(pathToFileURL(join(packages, path)));
const require = createRequire(join(packages, "packages.js"));

const { ALL_TESTS } = await load("@mdn/mdn-http-observatory/src/constants.js");
const { getScoreModifier } = await load("@mdn/mdn-http-observatory/src/grader/grader.js");
const { Session } = await load("@mdn/mdn-http-observatory/src/retriever/session.js");
const { Requests } = await load("@mdn/mdn-http-observatory/src/types.js");
const { CspEvaluator } = require("csp_evaluator/dist/evaluator.js");
const { CspParser } = require("csp_evaluator/dist/parser.js");

const { status, headers, cookies, text } = JSON.parse(readFileSync(0, "utf8"));
const host = "assembly.example";
const https = new URL(`https://${host}/`);
const answer = { status, headers, data: text, verified: true, httpEquiv: new Map(), request: {}, config: {} };
const requests = new Requests(host);
const redirects = [{ url: new URL(`http://${host}/`), status: 301 }, { url: https, status }];
Object.assign(requests.responses, { auto: answer, http: answer, https: answer, httpRedirects: redirects });
requests.resources.path = text;
requests.session = new Session(https);
for (const cookie of cookies) requests.session.jar.setCookieSync(cookie, https.href);

const results = ALL_TESTS.map((test) => test(requests).result);
const policy = new CspParser(headers["Content-Security-Policy"]).csp;
console.log(
  JSON.stringify({
    score: results.reduce((score, result) => score + getScoreModifier(result), 100),
    results,
    hints: new CspEvaluator(policy).evaluate().map(({ directive, value, description }) => [directive, value, description]),
  }),
);
