-- Opens a flow in Neovim, runs its lens through the language server, and says what it sees. Works from 0.7 on, which has
-- no vim.lsp.start yet.
local python = os.getenv('TEST_PYTHON')
vim.cmd('edit flows.py')
vim.bo.filetype = 'python'
local id = vim.lsp.start_client({
  name = 'prefect_lens',
  cmd = { os.getenv('TEST_SERVER_PYTHON'), '-c', 'import sys; from prefect_lens.lsp.server import main; sys.exit(main())' },
  root_dir = vim.fn.getcwd(),
  init_options = { settings = { interpreter = python } },
  handlers = {
    ['workspace/configuration'] = function(_, params)
      return vim.tbl_map(function() return { interpreter = python } end, params.items)
    end,
  },
})
vim.lsp.buf_attach_client(0, id)
local client
vim.wait(60000, function() client = vim.lsp.get_client_by_id(id) return client and client.initialized end, 20)

local function lenses()
  local params = { textDocument = vim.lsp.util.make_text_document_params() }
  local answer = client.request_sync('textDocument/codeLens', params, 60000, 0)
  return answer and answer.result or {}
end

local first
vim.wait(60000, function() first = lenses()[1] return first and first.command.title:find('%d') end, 50)
print('lens: ' .. first.command.title)
local command = { command = first.command.command, arguments = first.command.arguments }
local answer = client.request_sync('workspace/executeCommand', command, 120000, 0)
print('run: ' .. (answer.result and answer.result.outcome or vim.inspect(answer)))
vim.wait(10000, function() return #vim.diagnostic.get(0) > 0 end, 20)
for _, found in ipairs(vim.diagnostic.get(0)) do
  print('diagnostic: ' .. (found.lnum + 1) .. ' ' .. found.source .. ' ' .. found.message:match('[^\n]*'))
end
print('then: ' .. lenses()[2].command.title:match('[^·]*'))
vim.lsp.stop_client(id)
vim.wait(10000, function() return client.is_stopped() end, 20)
vim.cmd('qall!')
