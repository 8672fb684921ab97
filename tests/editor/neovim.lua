-- A user of Neovim: opens a bad file, sees what is wrong, takes the fix, formats and saves. Prints what it saw as JSON.

local function wait(what, holds)
  if not vim.wait(60000, holds, 50) then
    error("waited in vain for " .. what)
  end
end

local function session()
  vim.cmd("edit " .. vim.fn.fnameescape(vim.env.SPACE_FILE))
  local buffer = vim.api.nvim_get_current_buf()
  local config = {
    name = "spacelang",
    cmd = { vim.env.SPACE_PYTHON, "-m", "spacelang.cli", "lsp" },
    root_dir = vim.fn.fnamemodify(vim.env.SPACE_FILE, ":h"),
  }
  if vim.lsp.start then
    vim.lsp.start(config)
  else -- before 0.8
    vim.lsp.buf_attach_client(buffer, vim.lsp.start_client(config))
  end
  wait("a diagnostic", function()
    return #vim.diagnostic.get(buffer) > 0
  end)
  local found = vim.diagnostic.get(buffer)[1]
  local seen = { message = found.message, line = found.lnum, column = found.col }

  vim.ui.select = function(items, _, choose)
    choose(items[1], 1)
  end
  vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
  vim.lsp.buf.code_action()
  wait("the fix", function()
    return #vim.diagnostic.get(buffer) == 0
  end)
  seen.mended = vim.api.nvim_buf_get_lines(buffer, found.lnum, found.lnum + 1, true)[1]

  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = 30000 })
  else -- before 0.8
    vim.lsp.buf.formatting_sync(nil, 30000)
  end
  vim.cmd("write")
  return seen
end

local ok, result = pcall(session)
io.stdout:write(vim.fn.json_encode(ok and result or { error = tostring(result) }) .. "\n")
vim.cmd(ok and "qall!" or "cquit!")
