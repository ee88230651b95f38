import { portable } from "../../src/deflate/index.ts";
import { codecSuite } from "./codec.suite.ts";

codecSuite("portable", portable);
