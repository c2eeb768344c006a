/** The peer's types, imported in one place. */
export type {
  Alarm,
  ConnectionState,
  DocumentStatus,
  DocumentSummary,
  OpenLinkError,
  Profile,
  SavedLevel,
  SkerryClient,
  StorageState,
} from "@skerry/peer/browser";
