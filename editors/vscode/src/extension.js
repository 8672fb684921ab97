// Starts `spacelang lsp` and lets it answer for .space files. All else is the server's.

const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

async function start() {
  const [command, ...args] = workspace.getConfiguration("spacelang").get("server");
  client = new LanguageClient(
    "spacelang",
    "spacelang",
    { command, args, transport: TransportKind.stdio },
    {
      documentSelector: [{ language: "spacelang" }],
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.space") },
    },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    window.showErrorMessage(
      `spacelang: ${[command, ...args].join(" ")} doesn't start (${error.message}). ` +
        "Install it with pip install 'spacelang[lsp]', or set spacelang.server.",
    );
  }
}

async function stop() {
  await client?.stop();
  client = undefined;
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    commands.registerCommand("spacelang.restart", restart),
    workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("spacelang.server") && restart()),
  );
  await start();
};

exports.deactivate = stop;
