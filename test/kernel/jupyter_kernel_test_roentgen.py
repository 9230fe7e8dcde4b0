"""Jupyter's own clients on this kernel: jupyter_kernel_test, a restart through jupyter_client, a notebook through nbclient.

Run by jupyter.test.ts: python jupyter_kernel_test_roentgen.py KERNEL_NAME, with JUPYTER_PATH naming a folder that holds it.
"""

import sys
import unittest

import jupyter_kernel_test
import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

NAME = sys.argv.pop(1)
HOOK = "(globalThis as any)[Symbol.for('roentgen.display')]"

# Generous: the machine may be busy with other things.
jupyter_kernel_test.TIMEOUT = 60


class Protocol(jupyter_kernel_test.KernelTests):
    kernel_name = NAME
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = 'console.log("hello, world")'
    code_stderr = 'console.error("oops")'
    completion_samples = [
        {"text": "Math.fro", "matches": ["fround"]},
        {"text": "const zed = {apple: 1}; zed.", "matches": ["apple"]},
    ]
    complete_code_samples = ["1", "const a = 2", "function f(){ return 1 }", "if (1) { }"]
    incomplete_code_samples = ["function f() {", "const a = [1,", "if (true) {"]
    invalid_code_samples = ["const = 1", "let 1x"]
    code_generate_error = 'throw new Error("boom")'
    code_execute_result = [
        {"code": "1+2", "result": "3"},
        {"code": "[1,2].map(x=>x*2)", "result": "[ 2, 4 ]"},
        {"code": "6*7", "result": "42"},
    ]
    code_display_data = [
        {"code": HOOK + ".display({'text/html': '<b>x</b>'})", "mime": "text/html"},
        {"code": 'import * as tslab from "tslab"; tslab.display.html("<b>x</b>")', "mime": "text/html"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "parseInt"
    code_clear_output = HOOK + ".clear()"


class Clients(unittest.TestCase):
    def test_restart(self):
        manager, client = start_new_kernel(kernel_name=NAME)
        try:
            client.execute_interactive("const kept = 1", timeout=60)
            manager.restart_kernel()
            client.wait_for_ready(timeout=60)
            reply = client.execute_interactive("kept", timeout=60, output_hook=lambda message: None)
            self.assertEqual(reply["content"]["status"], "error")
            self.assertIn("Cannot find name 'kept'", reply["content"]["evalue"])
        finally:
            client.stop_channels()
            manager.shutdown_kernel()

    def test_notebook(self):
        cells = [
            "const a = await Promise.resolve(20); console.log('text'); a + 1",
            "throw new Error('intended')",
            HOOK + ".display({'text/plain': '0'}, {}, 'id'); " + HOOK + ".update({'text/plain': '1'}, {}, 'id'); a * 2",
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.cells[1].metadata["tags"] = ["raises-exception"]
        NotebookClient(notebook, kernel_name=NAME, timeout=60).execute()
        nbformat.validate(notebook)
        first, second, third = (cell.outputs for cell in notebook.cells)
        self.assertEqual([first[0].text, first[1].data["text/plain"]], ["text\n", "21"])
        self.assertEqual([second[0].ename, second[0].evalue], ["Error", "intended"])
        self.assertEqual([output.data["text/plain"] for output in third], ["1", "40"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
