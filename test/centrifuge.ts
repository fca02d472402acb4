/** The unmodified npm package `centrifuge`, with promises where it has events. */

import { Centrifuge, type Options, type PublicationContext, type Subscription } from "centrifuge";
import { within, type Address } from "./client.ts";

export interface SdkClient extends Disposable {
  readonly client: Centrifuge;
  /** What the connect reply's `data` held. */
  readonly data: { readonly user: { id: string; name: string }; readonly epoch: string; readonly token?: string };
}

/** A connected client. It reconnects quickly, so that tests need not wait. */
export async function connectSdk(address: Address, options: Partial<Options> = {}): Promise<SdkClient> {
  const client = new Centrifuge(address.ws, {
    websocket: WebSocket,
    minReconnectDelay: 20,
    maxReconnectDelay: 200,
    ...options,
  });
  const connected = new Promise<{ data: SdkClient["data"] }>((resolve, reject) => {
    client.once("connected", (context) => resolve(context as { data: SdkClient["data"] }));
    client.once("disconnected", ({ code, reason }) => reject(new Error(`disconnected with ${code} ${reason}`)));
  });
  client.connect();
  const { data } = await within(connected, () => "a connected SDK");
  return { client, data, [Symbol.dispose]: () => client.disconnect() };
}

/** Subscribes, and keeps what comes. */
export async function enterRoom(
  client: Centrifuge,
  channel: string,
  options: Parameters<Centrifuge["newSubscription"]>[1] = {},
): Promise<{ readonly subscription: Subscription; readonly publications: PublicationContext[] }> {
  const subscription = client.newSubscription(channel, options);
  const publications: PublicationContext[] = [];
  subscription.on("publication", (publication) => publications.push(publication));
  const subscribed = new Promise<void>((resolve, reject) => {
    subscription.once("subscribed", () => resolve());
    subscription.once("unsubscribed", ({ code, reason }) => reject(new Error(`unsubscribed with ${code} ${reason}`)));
  });
  subscription.subscribe();
  await within(subscribed, () => `a subscription to ${channel}`);
  return { subscription, publications };
}
