// What an application does on a bad day, tested with the official SDK.
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { start } from "./brownout.mjs";

const ask = { model: "gpt-4o", messages: [{ role: "user", content: "Name a tea. [words=9]" }] };
const words = (text) => text.split(" ").filter(Boolean).length;

let brownout;
beforeAll(async () => {
  brownout = await start(["openai"]);
});
afterAll(() => brownout.stop());

function setUp(maxRetries = 0) {
  const mock = brownout.mock();
  return { mock, client: new OpenAI({ baseURL: mock.baseURL("openai"), apiKey: "sk-test", maxRetries }) };
}

test.concurrent("a healthy provider answers", async () => {
  const { mock, client } = setUp();
  const reply = await client.chat.completions.create(ask);
  expect(words(reply.choices[0].message.content)).toBe(9);
  expect((await mock.calls()).map((call) => call.status)).toEqual([200]);
});

test.concurrent("an overload is an internal server error and heals", async () => {
  const { mock, client } = setUp();
  await mock.inject("openai", "overloaded", { first: 1 });
  await expect(client.chat.completions.create(ask)).rejects.toThrow(OpenAI.InternalServerError);
  expect((await client.chat.completions.create(ask)).choices).toHaveLength(1);
});

test.concurrent("the SDK retries a rate limit", async () => {
  const { mock, client } = setUp(2);
  await mock.inject("openai", { rate_limit: { retry_after: { ms: "1ms" } } }, { first: 2 });
  expect((await client.chat.completions.create(ask)).choices).toHaveLength(1);
  expect((await mock.calls()).map((call) => call.status)).toEqual([429, 429, 200]);
});

test.concurrent("half a stream looks complete to whoever does not look at the finish reason", async () => {
  const { mock, client } = setUp();
  await mock.inject("openai", { cut: { after: 4, close: "clean" } });
  let [text, finish] = ["", null];
  for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
    text += chunk.choices[0].delta.content ?? "";
    finish = chunk.choices[0].finish_reason;
  }
  // No exception was thrown; only this tells four words from nine.
  expect([words(text), finish]).toEqual([4, null]);
});
