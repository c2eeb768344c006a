/** The page's script: reads the run that stands in the page, and brings the page to life. */
import { groups } from "../model.ts";
import type { TimelineModel } from "../model.ts";
import { createAppearance } from "./appearance.ts";
import { createCopyButton } from "./copy-button.ts";
import { byId } from "./dom.ts";
import { createEventList } from "./event-list.ts";
import { createEventTable } from "./event-table.ts";
import { createOverview } from "./overview.ts";
import { createPlayer } from "./player.ts";
import { createReplicaCards } from "./replica-cards.ts";
import { createStage } from "./stage.ts";
import { createTransport } from "./transport.ts";

const model = JSON.parse(byId("run").textContent ?? "") as TimelineModel;
const appearance = createAppearance();
const player = createPlayer(model, (filter) => (filter === "all" ? -1 : groups.indexOf(filter)));
appearance.attach(player);
createStage(model, player, appearance.paint);
createOverview(model, player, appearance.paint);
createTransport(model, player);
createReplicaCards(model, player, appearance.paint);
createEventList(model, player);
createEventTable(model, player);
createCopyButton();
// A failed run is opened where it failed, any other where it ended.
player.jump(model.marks.find((mark) => mark.kind === "violation")?.at ?? model.endMs);
