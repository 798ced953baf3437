import fs from "fs";
import { DATA } from "./lib/paths";

type Done = (error: Error | null) => void;

export function enrol(courseId: string, readerId: string, done: Done): void {
  const file = `${DATA}/courses/${courseId}.json`;
  fs.readFile(file, "utf8", (error, body) => {
    if (error) return done(error);
    const course = JSON.parse(body);
    course.readers.push(readerId);
    fs.writeFile(file, JSON.stringify(course), done);
  });
}
