/** The worker's script: this device's peer. Everything is in the package; this file gives it an address of our own. */
import "@skerry/peer/browser/worker";
