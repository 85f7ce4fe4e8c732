"""The record processor that the daemon starts: one process a shard, spoken to over standard input and output."""

import os
import sys
import uuid

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor


class Processor(processor.RecordProcessorBase):
    """Writes each record down, then checkpoints."""

    def initialize(self, initialize_input):
        self.shard = initialize_input.shard_id
        self.run = uuid.uuid4()

    def process_records(self, process_records_input):
        lines = [f"{self.run} {self.shard} {record.binary_data.decode()}\n" for record in process_records_input.records]
        file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
        os.write(file, "".join(lines).encode())
        os.close(file)
        process_records_input.checkpointer.checkpoint()

    def lease_lost(self, lease_lost_input):
        pass

    def shard_ended(self, shard_ended_input):
        shard_ended_input.checkpointer.checkpoint()

    def shutdown_requested(self, shutdown_requested_input):
        shutdown_requested_input.checkpointer.checkpoint()


if __name__ == "__main__":
    kcl.KCLProcess(Processor()).run()
